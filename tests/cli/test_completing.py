from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.manager_stand import API, PLACE, known_api, serving
from penstock.cli.main import COMMANDS, build_app, build_names, main

Offered = Callable[[str], list[str]]


@pytest.fixture
def offered(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Offered:
    """Return what a shell is told when somebody presses the key at the end of a line."""
    for name in ("PENSTOCK_MANAGER_URL", "PENSTOCK_TOKEN", "PENSTOCK_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path / "state"))

    def press(line: str) -> list[str]:
        monkeypatch.setenv("_PENSTOCK_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(line.count(" ")))
        with pytest.raises(SystemExit) as ended:
            build_app(line.split()[1:])(prog_name="penstock")
        out, err = capfd.readouterr()
        assert (ended.value.code, err) == (0, "")
        return out.split()

    return press


def test_names_that_the_manager_knows_are_offered(offered: Offered, tmp_path: Path) -> None:
    stand = known_api()
    answers: dict[str, list[dict[str, object]]] = {
        f"/apis/{API}/environments": [{"environment": "staging"}],
        f"{PLACE}/variables": [{"name": "PG_HOST"}],
        f"{PLACE}/secrets": [{"name": "PG_PASSWORD"}],
        "/nodes": [{"id": "n-a-1"}],
        "/logs": [{"node": "n-a-2"}],
        "/deployments": [{"id": "dep_a"}],
        "/roles": [{"name": "owner"}, {"name": "operator"}],
        "/keys": [{"name": "dashboard", "state": "active"}, {"name": "dead", "state": "revoked"}],
    }
    for path, items in answers.items():
        stand.answers[f"GET {path}"] = (200, {"items": items})
    lines = {
        "penstock status ": ["orders", "shop/orders"],
        "penstock status sh": ["shop/orders"],
        "penstock scale orders -e ": ["production", "staging"],
        "penstock variables unset --api orders PG_": ["PG_HOST", "PG_PASSWORD"],
        "penstock logs --node n-": ["n-a-1", "n-a-2"],
        "penstock logs --deployment ": ["dep_a"],
        "penstock tokens create ada --role o": ["operator", "owner"],
        "penstock keys revoke d": ["dashboard"],
    }

    with serving(stand, tmp_path / "state"):
        assert {line: offered(line) for line in lines} == lines


def test_without_a_manager_nothing_is_offered_and_nothing_is_said(offered: Offered) -> None:
    assert offered("penstock status ") == []


def test_nobody_waits_for_a_manager_that_does_not_answer(
    offered: Offered, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("PENSTOCK_MANAGER_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setenv("PENSTOCK_TOKEN", "t")
        began = time.monotonic()

        assert offered("penstock status ") == []
        assert time.monotonic() - began < 15  # it would be 30


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("penstock sc", ["scale"]),
        ("penstock st", ["status", "stop", "start"]),
        ("penstock scale --no", ["--nodes", "--no-wait"]),
        ("penstock tokens l", ["list"]),
    ],
)
def test_commands_and_their_options_are_offered_whichever_is_loaded(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    line: str,
    found: list[str],
) -> None:
    monkeypatch.setenv("_PENSTOCK_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(line.count(" ")))
    monkeypatch.setattr(sys, "argv", ["penstock"])

    with pytest.raises(SystemExit):
        main()

    assert capfd.readouterr().out.split() == found


def test_the_names_are_those_of_all_commands() -> None:
    offered = {command.name for command in build_names().registered_commands}

    assert offered == {*COMMANDS}


def test_what_a_shell_would_run_is_not_offered(offered: Offered, tmp_path: Path) -> None:
    stand = known_api()
    names = ["dash", "dash;id", "dash$(id)", "dash\\$(id)", "dash`id`", "dash\nrm", "dash board"]
    stand.answers["GET /keys"] = (
        200,
        {"items": [{"name": name, "state": "active"} for name in names]},
    )

    with serving(stand, tmp_path / "state"):
        assert offered("penstock keys revoke d") == ["dash"]
