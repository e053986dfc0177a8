from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from cli.conftest import Shell
from cli.manager_stand import API, DEPLOYMENT, DIGEST, PLACE, Stand, known_api, serving
from penstock.cli.up import tell_what_is_next
from penstock.cli.watch import because
from project.folders import write

RELEASE = {"deployment": DEPLOYMENT, "version": "ver_a", "artifact": DIGEST, "nodes": 2, "units": 1}
RECORD = {"id": DEPLOYMENT, "environment": "production", "version": "ver_a", "finished": 1.0}
MISSING = {"code": "NOT_FOUND", "title": "…", "detail": "There is no such thing."}


def place(*phases: str, **rollout: object) -> dict[str, object]:
    """Return the status of an API whose nodes are in these phases."""
    nodes = [
        {
            "id": f"n-{number}",
            "api": API,
            "environment": "production",
            "deployment": DEPLOYMENT,
            "colour": "blue",
            "phase": phase,
            "units": 1,
            "artifact": DIGEST,
        }
        for number, phase in enumerate(phases)
    ]
    return {
        "api": API,
        "environment": "production",
        "revision": 1,
        "rollout": {"live": "blue", "blue": RELEASE, "green": None, **rollout},
        "nodes": nodes,
        "preview": "http://gateway/preview/shop/orders",
    }


def shows(stand: Stand, status: dict[str, object]) -> None:
    stand.answers[f"GET /apis/{API}/environments"] = (200, {"items": [status]})
    stand.answers[f"GET {PLACE}"] = (200, status)


@pytest.fixture
def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    for name in ("PENSTOCK_MANAGER_URL", "PENSTOCK_TOKEN", "PENSTOCK_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)  # no project
    made = known_api()
    shows(made, place("ready", "ready"))
    with serving(made, tmp_path / "state"):
        yield made


def test_who_is_waited_for_is_told_with_the_preview(shell: Shell, stand: Stand) -> None:
    waiting = {
        "deployment": DEPLOYMENT,
        "kind": "deploy",
        "phase": "ready",
        "since": 1.0,
        "target": "green",
        "release": {**RELEASE, "options": {"approval": True}},
    }
    shows(stand, place("ready", change=waiting))

    told = shell("status").text

    assert "it waits for you: http://gateway/preview/shop/orders" in told
    assert "`penstock approve` lets it serve, `penstock abort` ends it." in told


@pytest.mark.parametrize(
    ("phases", "said"),
    [
        (("ready", "ready"), "blue serves v7 on 2 nodes of 1 unit"),
        (("ready", "starting"), "blue serves v7 on 2 nodes of 1 unit, 1 ready"),
        (("starting", "starting"), "blue is to serve v7 on 2 nodes of 1 unit, none is ready"),
    ],
    ids=["all", "some", "none"],
)
def test_what_is_still_starting_does_not_serve(
    shell: Shell, stand: Stand, phases: tuple[str, ...], said: str
) -> None:
    shows(stand, place(*phases))

    assert said in [line.strip() for line in shell("status").text.splitlines()]


@pytest.mark.parametrize(
    ("live", "said"),
    [("blue", "Comes back: shop/orders (production) on 2 nodes"), (None, "Next: penstock deploy")],
    ids=["it served", "nothing served"],
)
def test_after_a_start_what_comes_back_is_told(
    stand: Stand, tmp_path: Path, live: str | None, said: str
) -> None:
    shows(stand, place(live=live))
    console = Console(file=io.StringIO(), width=120)

    tell_what_is_next(tmp_path / "state", console)

    assert isinstance(console.file, io.StringIO)
    assert said in console.file.getvalue()


@pytest.mark.usefixtures("stand")
def test_the_status_is_that_of_the_environment_that_is_named(shell: Shell) -> None:
    assert "shop/orders (production)" in shell("status", "-e", "production").text
    assert "Nothing is deployed in staging yet" in shell("status", "-e", "staging").text


def test_records_for_programs_have_names(shell: Shell, stand: Stand) -> None:
    stand.answers["GET /deployments"] = (200, {"items": [RECORD]})
    stand.answers[f"GET /deployments/{DEPLOYMENT}"] = (200, RECORD)
    stand.answers[f"POST {PLACE}/rollback"] = (202, {"id": DEPLOYMENT})
    stand.follows[f"POST {PLACE}/rollback"] = "rolled back"

    (listed,) = json.loads(shell("history", "--json").text)
    back = json.loads(shell("rollback", "--json").text)

    assert (listed["api_name"], listed["version_name"]) == ("shop/orders", "v7")
    assert (back["api_name"], back["version_name"]) == ("shop/orders", "v7")


def test_variables_are_those_of_the_folders_api(
    shell: Shell, stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = [{"id": API, "project": "prj_a", "name": name} for name in ("shop", "stock")]
    two[1]["id"] = "api_b"
    stand.answers["GET /apis"] = (200, {"items": two})
    stand.answers[f"GET {PLACE}/variables"] = (200, {"items": [{"name": "HOST", "value": "db"}]})
    stand.answers[f"GET {PLACE}/secrets"] = (200, {"items": []})
    monkeypatch.chdir(write(tmp_path / "p", {"penstock.yaml": "name: shop\n"}))

    (listed,) = json.loads(shell("variables", "list", "--json").text)

    assert (listed["name"], listed["api_name"]) == ("HOST", "shop/shop")


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        (("variables", "unset", "NEVER"), "`penstock variables list`"),
        (("tokens", "revoke", "nope"), "`penstock tokens list`"),
    ],
    ids=["variable", "token"],
)
def test_what_is_not_there_is_told_with_the_way_to_what_is(
    shell: Shell, stand: Stand, command: tuple[str, ...], hint: str
) -> None:
    stand.answers[f"GET {PLACE}/secrets"] = (200, {"items": []})
    for path in (f"{PLACE}/variables/NEVER", "/tokens/nope"):
        stand.answers[f"GET {path}"] = (404, MISSING)

    done = shell(*command)

    assert "There is no such thing. [NOT_FOUND]" in done.err
    assert hint in done.err


def test_a_token_without_a_role_is_told_how_to_get_one(shell: Shell, stand: Stand) -> None:
    stand.answers["POST /tokens"] = (201, {"id": "tok_a", "token": "pt_a", "roles": []})

    assert "`penstock tokens create ada --role developer`" in shell("tokens", "create", "ada").err


def test_a_reason_that_is_a_question_gets_no_full_stop(shell: Shell, stand: Stand) -> None:
    stand.answers[f"POST {PLACE}/start"] = (202, {"id": DEPLOYMENT})

    def tell(request: str) -> bool:
        if request == f"POST {PLACE}/start":
            stand.tell("aborted", "Did you mean 'product'?")
        return False

    stand.away = tell
    done = shell("start")

    assert "Did you mean 'product'? [DEPLOYMENT_FAILED]" in done.err


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("rolled back by ann", "rolled back by ann"),
        ("too slow", "rolled back, too slow"),
        ("", "rolled back"),
    ],
    ids=["both", "a reason", "none"],
)
def test_how_it_ended_is_said_once(reason: str, said: str) -> None:
    assert because("rolled back", reason, ", ") == said
