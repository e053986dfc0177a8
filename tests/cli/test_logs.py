from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.conftest import Shell
from cli.manager_stand import API, DEPLOYMENT, DIGEST, PLACE, Stand, known_api, serving
from penstock.cli.following import Following, Wanted
from penstock.cli.place import Target
from penstock.cli.remote import open_manager

RELEASE = {"deployment": DEPLOYMENT, "version": "ver_a", "artifact": DIGEST}
TARGET = Target(API, "shop/orders", "production")


def runs(stand: Stand, *nodes: str, deployment: str = DEPLOYMENT, **rollout: object) -> None:
    """Have these nodes run, each of which printed its first two lines."""
    listed = [
        {
            "id": node,
            "api": API,
            "environment": "production",
            "deployment": deployment,
            "colour": "blue",
            "phase": "ready",
            "units": 1,
            "artifact": DIGEST,
        }
        for node in nodes
    ]
    for node in nodes:
        stand.logs.setdefault(node, [f"{node} first", f"{node} second"])
    stand.answers[f"GET {PLACE}"] = (
        200,
        {
            "api": API,
            "environment": "production",
            "revision": 1,
            "rollout": {"live": "blue", "blue": RELEASE, "green": None, **rollout},
            "nodes": listed,
        },
    )


@pytest.fixture
def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    """Serve a manager whose API runs on one node."""
    for name in ("PENSTOCK_MANAGER_URL", "PENSTOCK_TOKEN", "PENSTOCK_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    made = known_api()
    made.answers["GET /logs"] = (200, {"items": []})
    runs(made, "n-a")
    with serving(made, tmp_path / "state"):
        yield made


def test_nodes_that_come_are_followed_from_their_first_line_on(
    stand: Stand, tmp_path: Path
) -> None:
    with open_manager(tmp_path / "state") as manager:
        lines = Following(manager, TARGET, Wanted(None, None), 1, print).lines()
        told = [next(lines)]
        runs(stand, "n-b")

        told += [next(lines), next(lines)]
        lines.close()
    assert told == [("n-a", "n-a second"), ("n-b", "n-b first"), ("n-b", "n-b second")]


def test_a_node_whose_log_breaks_off_is_read_on_and_nothing_is_told_twice(
    stand: Stand, tmp_path: Path
) -> None:
    asked: list[str] = []

    def away(request: str) -> bool:
        asked.append(request)
        return request.endswith("/logs") and asked.count(request) == 1

    stand.away = away
    with open_manager(tmp_path / "state") as manager:
        lines = Following(manager, TARGET, Wanted(None, None), 1, print).lines()
        told = [next(lines)]
        while asked.count("GET /nodes/n-a/logs") < 4:
            stand.logs["n-b"] = ["b"] * asked.count("GET /nodes/n-a/logs")
            runs(stand, "n-a", "n-b")
            told.append(next(lines))

        lines.close()
    assert [line for node, line in told if node == "n-a"] == ["n-a second"]


def test_nodes_are_waited_for_where_none_runs_and_that_is_remarked_once(
    stand: Stand, tmp_path: Path
) -> None:
    remarks: list[str] = []
    runs(stand)

    def come(said: str) -> None:
        remarks.append(said)
        runs(stand, "n-c")

    with open_manager(tmp_path / "state") as manager:
        lines = Following(manager, TARGET, Wanted(None, None), 50, come).lines()

        assert next(lines) == ("n-c", "n-c first")
        lines.close()
    assert remarks == ["No node of shop/orders runs: waiting for one. Ctrl-C ends."]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--node", "n-a"), "n-a has ended."),
        (("--deployment", DEPLOYMENT), f"No node of {DEPLOYMENT} runs any more"),
    ],
    ids=["node", "deployment"],
)
def test_why_following_ends_is_told(
    shell: Shell, stand: Stand, options: tuple[str, str], said: str
) -> None:
    read: list[str] = []

    def end(request: str) -> bool:
        read.append(request)
        if read.count("GET /nodes/n-a/logs") > 1:
            runs(stand, blue={**RELEASE, "deployment": "dep_later"})
        return False

    stand.away = end
    done = shell("logs", "-f", *options)

    assert (done.code, done.text) == (0, "n-a first\nn-a second\n")
    assert said in done.err


def test_lines_have_their_node_before_them_once_there_are_several(
    shell: Shell, stand: Stand
) -> None:
    read: list[str] = []

    def change(request: str) -> bool:
        read.append(request)
        if read.count("GET /nodes/n-b/logs") > 0:
            runs(stand, blue={**RELEASE, "deployment": "dep_later"})
        elif read.count("GET /nodes/n-a/logs") > 1:
            runs(stand, "n-a", "n-b")
        return False

    stand.away = change
    done = shell("logs", "-f", "--deployment", DEPLOYMENT)

    assert done.text.splitlines() == [
        "n-a first",
        "n-a second",
        "n-b | n-b first",
        "n-b | n-b second",
    ]


@pytest.mark.usefixtures("stand")
def test_following_what_can_have_no_node_is_refused(shell: Shell) -> None:
    assert "[NOT_FOUND]" in shell("logs", "-f", "--node", "n-of-nobody").err
