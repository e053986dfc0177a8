from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.conftest import Shell
from cli.manager_stand import API, DEPLOYMENT, DIGEST, PLACE, Stand, known_api, serving
from penstock.cli.deploy import read_at_last
from penstock.cli.place import Target
from penstock.cli.remote import open_manager
from penstock.errors import ManagerUnreachableError
from project.folders import write

NODE = {
    "id": "n-abcdefghijklmnop-1",
    "api": API,
    "environment": "production",
    "deployment": DEPLOYMENT,
    "colour": "blue",
    "phase": "ready",
    "units": 3,
    "artifact": DIGEST,
    "requests": 1_234_567,
    "errors": 0,
    "cpu": 2.5,
    "memory": 310_000_000,
}
RELEASE = {"deployment": DEPLOYMENT, "version": "ver_a", "artifact": DIGEST, "nodes": 1, "units": 3}
ROLLOUT: dict[str, object] = {"live": "blue", "blue": RELEASE, "green": None}
DECIDED = {
    name: NODE[name] for name in ("id", "colour", "deployment", "artifact", "units", "phase")
}
STATUS = {
    "api": API,
    "environment": "production",
    "revision": 1,
    "rollout": ROLLOUT,
    "nodes": [NODE],
}
RECORD = {
    "id": DEPLOYMENT,
    "environment": "production",
    "kind": "deploy",
    "version": "ver_a",
    "artifact": DIGEST,
    "status": "done",
    "by": "ann",
    "reason": "",
    "created": 1_700_000_000.0,
}


@pytest.fixture
def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    """Serve a manager whose API runs on one node."""
    for name in ("PENSTOCK_MANAGER_URL", "PENSTOCK_TOKEN", "PENSTOCK_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    made = known_api()
    made.answers[f"GET /apis/{API}/environments"] = (200, {"items": [STATUS]})
    made.answers[f"GET {PLACE}"] = (200, STATUS)
    made.answers["GET /deployments"] = (200, {"items": [RECORD]})
    with serving(made, tmp_path / "state"):
        yield made


@pytest.mark.usefixtures("stand")
def test_each_node_stands_below_its_headings(shell: Shell) -> None:
    *_, heading, node = shell("status").text.splitlines()

    assert heading.split()[3:6] == ["UNITS", "UP", "REQUESTS"]
    cells = ["n-abcdefghijklmnop-1", "blue", "ready", "3", "1,234,567", "0", "2.5 s", "310 MB"]
    ends = [node.index(cell) + len(cell) for cell in cells[3:]]
    headings = ("UNITS", "REQUESTS", "FAILED", "CPU", "MEMORY")
    assert ends == [heading.index(name) + len(name) for name in headings]


@pytest.mark.usefixtures("stand")
def test_a_narrow_terminal_cuts_no_cell(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    done = shell("status")

    assert "…" not in done.text
    assert "1,234,567" in done.text


@pytest.mark.usefixtures("stand")
def test_one_is_not_written_as_several(shell: Shell) -> None:
    assert "on 1 node of 3 units" in shell("status").text


def test_going_back_does_not_end_with_what_is_old_news(shell: Shell, stand: Stand) -> None:
    stand.tell("baking")
    stand.answers[f"POST {PLACE}/rollback"] = (202, {"id": DEPLOYMENT})
    stand.follows[f"POST {PLACE}/rollback"] = "rolled back"

    done = shell("rollback", "--reason", "wrong numbers")

    assert stand.bodies(f"POST {PLACE}/rollback") == [{"reason": "wrong numbers"}]
    assert [line.strip() for line in done.text.splitlines()] == [
        "rolled back",
        "shop/orders serves the version before.",
    ]


def test_the_journal_is_told_from_its_end(shell: Shell, stand: Stand) -> None:
    for phase in ("queued", "starting", "done"):
        stand.tell(phase)

    done = shell("history", "--journal", "--limit", "2")

    assert [line.split()[-1] for line in done.text.splitlines()] == ["starting", "done"]
    assert len(json.loads(shell("history", "--journal", "--json").text)) == 3


@pytest.mark.usefixtures("stand")
def test_the_history_shows_as_much_of_a_digest_as_deploys_it_again(
    shell: Shell, stand: Stand, tmp_path: Path
) -> None:
    shown = next(word for word in shell("history").text.split() if word in DIGEST and "ab" in word)
    stand.answers[f"POST {PLACE}/deploy"] = (202, {"id": DEPLOYMENT})
    project = write(tmp_path / "p", {"penstock.yaml": "name: shop\n"})

    shell("deploy", project, "--artifact", shown, "--wait", "no")

    asked = stand.bodies(f"POST {PLACE}/deploy")
    assert [body["artifact"] for body in asked if isinstance(body, dict)] == [DIGEST]


def test_an_artifact_of_nowhere_is_refused_here(shell: Shell, stand: Stand, tmp_path: Path) -> None:
    project = write(tmp_path / "p", {"penstock.yaml": "name: shop\n"})

    done = shell("deploy", project, "--artifact", "ffff")

    assert "No artifact that was deployed here begins with ffff. [NOT_FOUND]" in done.err
    assert stand.bodies(f"POST {PLACE}/deploy") == []


def test_a_mistake_in_the_smoke_tests_is_told_before_anything_is_sent(
    shell: Shell, stand: Stand, tmp_path: Path
) -> None:
    project = write(tmp_path / "p", {"penstock.yaml": "name: shop\n"})
    smoke = tmp_path / "smoke.yaml"
    smoke.write_text("tests: [{path: /query, stauts: 200}]")

    done = shell("deploy", project, "--smoke", smoke)

    assert "unknown field `stauts`" in done.err
    assert stand.asked == []


def deploying(stand: Stand) -> None:
    """Have the stand take a deployment of an artifact, which serves at once."""
    stand.answers[f"POST {PLACE}/deploy"] = (202, {"id": DEPLOYMENT})
    stand.follows[f"POST {PLACE}/deploy"] = "baking"


def test_a_manager_that_is_started_anew_at_the_end_of_a_deployment_is_asked_again(
    shell: Shell, stand: Stand, tmp_path: Path
) -> None:
    project = write(tmp_path / "p", {"penstock.yaml": "name: shop\n"})
    deploying(stand)
    asked: list[str] = []

    def away(request: str) -> bool:
        asked.append(request)
        return request == f"GET {PLACE}" and asked.count(request) < 3

    stand.away = away
    done = shell("deploy", project, "--artifact", DIGEST)

    assert (done.code, asked.count(f"GET {PLACE}")) == (0, 3)
    assert "shop/shop after" in done.text


def test_the_record_that_is_printed_at_the_end_is_the_ended_one(
    shell: Shell, stand: Stand, tmp_path: Path
) -> None:
    project = write(tmp_path / "p", {"penstock.yaml": "name: shop\n"})
    deploying(stand)
    path = f"GET /deployments/{DEPLOYMENT}"
    stand.follows[f"POST {PLACE}/deploy"] = "done"
    stand.answers[path] = (200, {**RECORD, "status": "baking", "finished": None})
    asked: list[str] = []

    def written_later(request: str) -> bool:
        asked.append(request)
        if asked.count(path) == 3:
            stand.answers[path] = (200, {**RECORD, "finished": 1_700_000_001.0})
        return False

    stand.away = written_later
    done = shell("deploy", project, "--artifact", DIGEST, "--wait", "done", "--json")

    assert json.loads(done.text)["status"] == "done"
    assert asked.count(path) == 3


CHANGE = {
    "deployment": "dep_next",
    "kind": "deploy",
    "phase": "ready",
    "since": 1.0,
    "target": "green",
    "release": {**RELEASE, "deployment": "dep_next"},
}


@pytest.mark.parametrize(
    ("rollout", "told"),
    [
        ({**ROLLOUT, "nodes": [DECIDED]}, "shop/orders runs on 1 node."),
        (
            {**ROLLOUT, "nodes": [DECIDED], "change": CHANGE},
            "shop/orders runs on 1 node. So will dep_next (ready).",
        ),
        (
            {"live": None, "change": {**CHANGE, "phase": "starting"}},
            "shop/orders will run on 1 node once dep_next has ended (starting).",
        ),
        (
            {"live": None, "parked": RELEASE},
            "shop/orders will run on 1 node once it is started: `penstock start`.",
        ),
    ],
    ids=["alone", "beside a deployment", "before anything serves", "stopped"],
)
def test_scaling_says_when_it_has_the_size(
    shell: Shell, stand: Stand, rollout: dict[str, object], told: str
) -> None:
    stand.answers[f"POST {PLACE}/scale"] = (202, {"accepted": True})
    stand.answers[f"GET {PLACE}"] = (200, {**STATUS, "rollout": rollout})

    done = shell("scale", "--nodes", "1")

    assert " ".join(done.text.split()) == told


def test_an_aborted_deployment_sends_nobody_to_logs_that_are_gone(
    shell: Shell, stand: Stand, tmp_path: Path
) -> None:
    project = write(tmp_path / "p", {"penstock.yaml": "name: shop\n"})
    deploying(stand)
    stand.follows[f"POST {PLACE}/deploy"] = "aborted"
    stand.answers[f"GET {PLACE}"] = (200, {**STATUS, "nodes": []})

    done = shell("deploy", project, "--artifact", DIGEST)

    assert "The deployment was aborted" in done.err
    assert "penstock logs" not in done.err


@pytest.mark.parametrize(
    ("of", "named"), [(DEPLOYMENT, 1), ("dep_before", 0)], ids=["its own", "others"]
)
def test_an_aborted_deployment_sends_whoever_deploys_to_the_logs_of_its_nodes(
    shell: Shell, stand: Stand, tmp_path: Path, of: str, named: int
) -> None:
    project = write(tmp_path / "p", {"penstock.yaml": "name: shop\n"})
    deploying(stand)
    stand.follows[f"POST {PLACE}/deploy"] = "aborted"
    stand.answers["GET /logs"] = (200, {"items": [{"node": "n-a-1", "deployment": of}]})
    stand.answers[f"GET {PLACE}"] = (200, {**STATUS, "nodes": [{**NODE, "deployment": of}]})

    done = shell("deploy", project, "--artifact", DIGEST)

    said = " ".join(done.err.split())
    assert said.count(f"`penstock logs --deployment {DEPLOYMENT}`") == named


@pytest.mark.parametrize("command", [("deploy",), ("variables", "set", "A=1")])
def test_an_environment_that_cannot_be_is_refused_before_anything_is_sent(
    shell: Shell, stand: Stand, command: tuple[str, ...]
) -> None:
    done = shell(*command, "-e", "bad env!")

    assert "'bad env!' cannot be the name of an environment." in done.err
    assert "hint: 1 to 32 of a to z" in done.err
    assert stand.asked == []


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        (("set", "A B=1", "GOOD=1", "A/B=1", "PATH=x", "bare"), ["A B", "A/B", "PATH", "bare"]),
        (("set", "A=1", "A=2"), ["A"]),
        (("set", "--secret", "A/B", "../x"), ["A/B", "../x"]),
        (("unset", "A?b", "GOOD"), ["A?b"]),
    ],
    ids=["set", "twice", "secret", "unset"],
)
def test_all_names_that_no_variable_can_have_are_told_before_anything_is_sent(
    shell: Shell, stand: Stand, command: tuple[str, ...], wrong: list[str]
) -> None:
    done = shell("variables", *command, given=b"hidden")

    assert done.code == 1
    assert [
        name
        for name in ("A B", "A/B", "PATH", "bare", "../x", "A?b", "A", "GOOD")
        if f"error: {name!r} " in done.err
    ] == wrong
    assert stand.asked == []


def test_what_is_typed_stays_one_part_of_an_address(shell: Shell, stand: Stand) -> None:
    shell("tokens", "revoke", "a/../b?c#d")

    assert {request for request, _ in stand.asked} == {"GET /tokens/a%2F..%2Fb%3Fc%23d"}


def test_what_became_of_it_is_not_known_where_the_manager_stays_away(
    stand: Stand, tmp_path: Path
) -> None:
    stand.away = lambda request: request == f"GET {PLACE}"

    with (
        open_manager(tmp_path / "state") as manager,
        pytest.raises(ManagerUnreachableError, match="is not known") as told,
    ):
        read_at_last(manager, Target(API, "shop/orders", "production"), PLACE, patience=0.5)

    assert "`penstock status`" in str(told.value.hint)
    assert len(stand.asked) > 1


def test_what_cannot_be_stopped_is_refused_without_a_warning(shell: Shell, stand: Stand) -> None:
    refused = {"code": "CONFLICT", "title": "…", "detail": "It does not run.", "hint": "So."}
    stand.answers[f"POST {PLACE}/stop"] = (409, refused)

    done = shell("stop")

    assert "It does not run. [CONFLICT]" in done.err
    assert done.text == ""


def test_what_a_stop_costs_is_told(shell: Shell, stand: Stand) -> None:
    stand.answers[f"POST {PLACE}/stop"] = (202, {"accepted": True})

    done = shell("stop")

    assert "get 503 until it is started. Its size becomes 1 node of 1 unit" in done.text
    assert "503" in shell("stop", "--keep-size").text
    assert "1 unit" not in shell("stop", "--keep-size").text


@pytest.mark.parametrize("running", [True, False])
def test_at_a_terminal_it_is_asked_before_only_where_it_can_be_stopped(
    stand: Stand, tmp_path: Path, *, running: bool
) -> None:
    idle = {**STATUS, "rollout": {"live": None, "blue": None, "green": None}, "nodes": []}
    stand.answers[f"GET {PLACE}"] = (200, STATUS if running else idle)
    ours, theirs = os.openpty()
    os.write(ours, b"n\n")
    command = [sys.executable, "-m", "penstock", "stop", "--home", str(tmp_path / "state")]

    done = subprocess.run(
        command, stdin=theirs, capture_output=True, text=True, timeout=60, check=False
    )
    os.close(ours)
    os.close(theirs)

    told = (done.stdout + done.stderr).replace("\n", " ")
    assert ("get 503" in told, "It does not run." in told) == (running, not running)
    assert stand.bodies(f"POST {PLACE}/stop") == []


@pytest.mark.parametrize("command", ["scale", "deploy"])
def test_more_nodes_than_there_can_be_are_refused_before_anything_is_sent(
    shell: Shell, stand: Stand, command: str
) -> None:
    done = shell(command, "--nodes", "1000")

    assert (done.code != 0, "100" in done.err) == (True, True)
    assert stand.asked == []


@pytest.mark.usefixtures("stand")
def test_an_api_that_is_spelled_nearly_right_is_named(shell: Shell) -> None:
    assert "orders" in shell("status", "oders").err


def test_a_token_goes_to_the_manager_that_the_environment_names(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_TOKEN", "pt_mine")
    stand = known_api()

    with serving(stand, tmp_path / "elsewhere") as address:
        monkeypatch.setenv("PENSTOCK_MANAGER_URL", address)
        shell("status")

    assert {*stand.tokens} == {"Bearer pt_mine"}


def test_a_refused_token_is_told_with_the_way_to_another(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = {"code": "UNAUTHENTICATED", "title": "…", "detail": "Who is it?", "hint": "Log in."}
    stand = Stand({"GET /projects": (401, problem)})
    monkeypatch.setenv("PENSTOCK_TOKEN", "pt_wrong")

    with serving(stand, tmp_path / "elsewhere") as address:
        monkeypatch.setenv("PENSTOCK_MANAGER_URL", address)
        done = shell("status")

    assert "Who is it? [UNAUTHENTICATED]" in done.err
    assert "penstock tokens create" in done.err


@pytest.mark.parametrize(
    ("address", "token", "told"),
    [
        ("127.0.0.1:8400", "pt_a", "PENSTOCK_MANAGER_URL is '127.0.0.1:8400'. [CONFIGURATION]"),
        ("http://127.0.0.1:8400", "", "PENSTOCK_TOKEN is not. [MANAGER_UNREACHABLE]"),
        ("http://127.0.0.1:1", "pt_a", "PENSTOCK_MANAGER_URL names it"),
    ],
    ids=["no scheme", "no token", "nobody there"],
)
def test_an_environment_that_names_no_manager_is_told(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, address: str, token: str, told: str
) -> None:
    monkeypatch.setenv("PENSTOCK_MANAGER_URL", address)
    monkeypatch.setenv("PENSTOCK_TOKEN", token)

    done = shell("status")

    assert (done.code, told in done.err) == (1, True)


def test_where_no_manager_is_the_way_to_one_is_told(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PENSTOCK_MANAGER_URL", raising=False)

    assert "`penstock up` starts one" in shell("status").err
