from __future__ import annotations

import hashlib
import json
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Self

import pytest

from link.manager import API, NODE, Manager
from node.deployed import RECORD, TEXT, Deployed, linked
from node.laboratory import write_laboratory
from node.running import PATIENCE, Query, eventually
from penstock.auth.rotation import revoke
from penstock.link.snapshot import NodeLimits
from penstock.query.types import Json
from penstock.usage.leftovers import deliver_leftovers

QUERY: Query = {"data": {"fields": {"id": ["max"]}}}
MANY: Query = {"data": {"fields": {"id": ["select"], "huge": ["select"]}, "limit": 1500}}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_laboratory(tmp_path_factory.mktemp("small"), rows=2000)


@pytest.fixture
def manager() -> Manager:
    made = Manager()
    made.publish([RECORD])
    return made


@pytest.fixture
def node(small: Path, manager: Manager, tmp_path: Path) -> Deployed:
    """A node, not started yet, whose manager is or will be at `manager.sock`."""
    extra = linked(manager, f"unix:{tmp_path / 'manager.sock'}")
    return Deployed(small, tmp_path / "node.sock", tmp_path / "state", extra)


@contextmanager
def serving(node: Deployed, manager: Manager) -> Iterator[subprocess.Popen[bytes]]:
    """Run both, until the node is ready, and to the end."""
    with manager.running(node.place.with_name("manager.sock")), node.running() as process:
        eventually(node.is_ready, "a node that is ready")
        yield process


def test_it_answers_whom_the_manager_knows_until_the_manager_says_otherwise(
    node: Deployed, manager: Manager
) -> None:
    with serving(node, manager):
        assert node.ask(QUERY).status == 200
        manager.publish([revoke(RECORD, 2.0)])
        began = time.monotonic()
        eventually(lambda: node.ask(QUERY).status == 401, "the revocation")

        assert time.monotonic() - began < 5


def test_every_answer_is_in_the_usage_by_its_trace(node: Deployed, manager: Manager) -> None:
    with serving(node, manager) as process:
        replies = {
            "miss": node.ask(QUERY),
            "hit": node.ask(QUERY),
            "bypass": node.ask(MANY, **{"Cache-Control": "no-store"}),
            "refused": node.request("POST", "/query", b"{}", {"Authorization": "Bearer no"}),
            "nowhere": node.get("/nowhere"),
        }
        process.terminate()
        assert process.wait(PATIENCE) == 0
    found = {event.trace: event for event in manager.usage.values()}
    usage = {name: found[reply.headers["traceparent"]] for name, reply in replies.items()}

    assert len(manager.usage) == len(replies)
    assert [usage[cache].cache for cache in ("miss", "hit", "bypass")] == ["miss", "hit", "bypass"]
    assert usage["miss"].subject == RECORD.id
    assert usage["miss"].credential == "apikey"
    assert usage["miss"].engine_ms > 0
    assert (usage["bypass"].rows, usage["bypass"].table) == (1500, "numbers")
    assert (usage["refused"].status, usage["refused"].code) == (401, "UNAUTHENTICATED")
    assert (usage["nowhere"].status, usage["nowhere"].route) == (404, "elsewhere")
    assert {event.source.node for event in usage.values()} == {NODE}
    assert {event.source.version for event in usage.values()} == {"1.2.3"}


class Load:
    """Callers who ask without pause, and note the trace of each whole answer that they get."""

    def __init__(self, node: Deployed, callers: int = 4) -> None:
        self.node = node
        self.traces: list[str] = []
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(number,)) for number in range(callers)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        query = json.dumps(QUERY if number % 2 else MANY)
        headers = {"Authorization": f"Bearer {TEXT}"}
        if number > 1:
            headers["Cache-Control"] = "no-store"
        while not self._stop.is_set():
            connection = self.node.connect()
            try:
                while not self._stop.is_set():
                    connection.request("POST", "/query", query, headers)
                    response = connection.getresponse()
                    response.read()
                    assert response.status == 200
                    self.traces.append(str(response.getheader("traceparent")))
            except OSError:
                time.sleep(0.01)  # it was killed; another one comes
            except Exception:  # noqa: BLE001 - the answer broke off: nobody got it whole
                time.sleep(0.01)
            finally:
                connection.close()


def is_counted(traces: list[str], manager: Manager) -> bool:
    counted = {event.trace for event in manager.usage.values()}
    return counted.issuperset(traces)


@pytest.mark.parametrize("forgets", [False, True])
def test_what_was_answered_is_counted_once_though_the_node_is_killed(
    node: Deployed, manager: Manager, *, forgets: bool
) -> None:
    manager.forgets = forgets  # then each delivery comes again, and counts once all the same
    with manager.running(node.place.with_name("manager.sock")):
        with Load(node) as load:
            for _ in range(3):
                with node.running() as process:
                    eventually(node.is_ready, "a node that is ready")
                    enough = len(load.traces) + 200
                    eventually(lambda: len(load.traces) > enough, "some answers")  # noqa: B023 - asked at once
                    process.kill()
                    process.wait()
        manager.forgets = False
        with node.running():
            eventually(partial(is_counted, load.traces, manager), "every answer in the usage")
    times = Counter(event.trace for event in manager.usage.values())

    assert len(load.traces) > 600
    assert {times[trace] for trace in load.traces} == {1}
    # What was counted and not received: what was under way when the node was killed.
    assert len(manager.usage) - len(load.traces) <= 3 * 4
    assert manager.lines >= len(manager.usage)


def test_it_starts_and_answers_while_the_manager_is_away_and_catches_up(
    node: Deployed, manager: Manager
) -> None:
    with serving(node, manager):
        assert node.ask(QUERY).status == 200
    before = len(manager.usage)

    with node.running():
        eventually(node.is_ready, "ready without its manager")
        assert node.ask(QUERY).status == 200
        reply = eventually(
            lambda: reply if "warnings" in (reply := node.get("/readyz")).object() else None,
            "the warning",
        )
        assert reply.status == 200
        assert reply.object()["warnings"] == {"manager": "The manager does not answer."}
        assert node.metric("penstock_usage_spool_bytes") > 0
        assert len(manager.usage) == before
        with manager.running(node.place.with_name("manager.sock")):
            eventually(lambda: len(manager.usage) == before + 1, "the usage")
            eventually(lambda: "warnings" not in node.get("/readyz").object(), "all is well")


def test_without_any_snapshot_it_lets_nobody_in(node: Deployed, manager: Manager) -> None:
    with node.running():
        eventually(lambda: node.problems() == {"keys": "The manager has sent no keys yet."}, "why")
        reply = node.ask(QUERY)

        assert reply.told == (503, "NOT_READY")
        assert reply.headers["retry-after"]
        with manager.running(node.place.with_name("manager.sock")):
            eventually(node.is_ready, "a node that is ready")
            assert node.ask(QUERY).status == 200


def test_a_killed_nodes_usage_can_be_delivered_for_it(node: Deployed, manager: Manager) -> None:
    with serving(node, manager):
        eventually((node.state / "snapshot").exists, "the snapshot on disk")
    with node.running() as process:
        eventually(node.is_ready, "ready without its manager")
        trace = node.ask(QUERY).headers["traceparent"]
        process.kill()
        process.wait()
    taken: list[str | None] = []
    left = deliver_leftovers(node.state, lambda events: taken.extend(e.trace for e in events))

    assert (left.delivered, left.lost) == (1, 0)
    assert taken == [trace]


def test_a_stopped_node_answers_what_runs_and_what_comes_and_asks_to_leave(
    node: Deployed, manager: Manager
) -> None:
    with serving(node, manager) as process:
        idle, busy = node.connect(), node.connect()
        for connection in (idle, busy):
            connection.request("GET", "/livez")
            connection.getresponse().read()
        slow = {"data": {"fields": {"slow": ["sum"]}}}
        headers = {"Authorization": f"Bearer {TEXT}"}
        busy.request("POST", "/query", json.dumps(slow), headers)
        eventually(lambda: node.metric("penstock_running") == 1, "a query that runs")
        process.terminate()
        idle.request("GET", "/readyz")
        reply = idle.getresponse()
        told: Json = json.loads(reply.read())
        answer = busy.getresponse()
        answer.read()
        idle.close()
        busy.close()

        assert (reply.status, reply.getheader("connection")) in {(503, "close"), (200, None)}
        assert told
        assert (answer.status, answer.getheader("connection")) == (200, "close")
        assert process.wait(PATIENCE) == 0
    assert node.events("Stopping")
    assert not node.place.exists()
    assert answer.getheader("traceparent") in {event.trace for event in manager.usage.values()}


def test_its_figures_say_which_node_it_is(node: Deployed, manager: Manager) -> None:
    labels = f'colour="blue",deployment="dep_1",node="{NODE}",project="laboratory",version="1.2.3"'
    with serving(node, manager):
        assert node.ask(QUERY).status == 200
        assert node.get("/nowhere").status == 404

        assert node.metric(f"penstock_node_info{{{labels}}}") == 1
        assert node.metric("penstock_snapshot_sequence") == 1
        assert node.metric('penstock_request_seconds_count{class="2xx"}') == 1
        assert node.metric('penstock_request_seconds_count{class="4xx"}') == 1


def test_limits_of_the_manager_are_in_force(node: Deployed, manager: Manager) -> None:
    manager.publish([RECORD], NodeLimits(concurrency=1, queue=0))
    slow = json.dumps({"data": {"fields": {"slow": ["sum"]}}})
    with serving(node, manager):
        busy = node.connect()
        busy.request("POST", "/query", slow, {"Authorization": f"Bearer {TEXT}"})
        eventually(lambda: node.metric("penstock_running") == 1, "a query that runs")
        told = node.ask(MANY).told
        status = busy.getresponse().status
        busy.close()

        assert (status, told) == (200, (503, "BUSY"))


def test_all_nodes_count_their_tables_anew_when_one_is_asked_to(
    node: Deployed, manager: Manager
) -> None:
    with serving(node, manager):
        manager.refresh_all()  # another node was asked
        eventually(lambda: len(node.events("Refreshed")) == 1, "a count, as of all nodes")
        asked = node.request("POST", "/refresh", None, {"Authorization": f"Bearer {TEXT}"})

        assert (asked.status, asked.object()["everywhere"], manager.refresh) == (200, True, 2)
        eventually(lambda: node.metric("penstock_snapshot_sequence") == 3, "the last snapshot")
        manager.publish([RECORD])
        eventually(lambda: node.metric("penstock_snapshot_sequence") == 4, "one more")
    assert len(node.events("Refreshed")) == 2


def test_a_refresh_that_others_could_not_be_told_of_says_so(
    node: Deployed, manager: Manager
) -> None:
    with node.running():
        with manager.running(node.place.with_name("manager.sock")):
            eventually(node.is_ready, "a node that is ready")
        asked = node.request("POST", "/refresh", None, {"Authorization": f"Bearer {TEXT}"})

    assert (asked.status, asked.object()["everywhere"]) == (200, False)


def test_the_token_is_not_in_what_it_writes(node: Deployed, manager: Manager) -> None:
    with serving(node, manager):
        node.ask(QUERY)
    written = [path for path in node.state.rglob("*") if path.is_file()]

    assert written
    for path in (node.logged, *written):
        assert manager.token.reveal().encode() not in path.read_bytes()
        assert TEXT.encode() not in path.read_bytes()


def test_what_a_managed_node_lacks_is_said(node: Deployed) -> None:
    node.extra = {"PENSTOCK_MANAGER": "unix:/nowhere", "PENSTOCK_API": API}
    done = refused(node)

    assert "PENSTOCK_NODE_TOKEN, PENSTOCK_SNAPSHOT_KEY, PENSTOCK_NODE" in done


def refused(node: Deployed) -> str:
    """Return what a node says that does not start."""
    done = subprocess.run(
        node.command(), env=node.environment(), capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_two_nodes_do_not_share_a_place_or_a_state_folder(node: Deployed, manager: Manager) -> None:
    with serving(node, manager):
        same_place = Deployed(node.folder, node.place, node.state.with_name("other"), node.extra)
        assert "another process listens there" in refused(same_place)
        same_state = Deployed(node.folder, node.place.with_name("x.sock"), node.state, node.extra)
        assert "Another process uses the usage spool" in refused(same_state)

        assert node.is_ready()


def unpacked(folder: Path) -> Path:
    """Write the laboratory as an artifact unpacks: with a manifest of its files."""
    write_laboratory(folder, rows=10)
    files = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }
    manifest: dict[str, Json] = {
        "format": 1, "project": "laboratory", "api": "laboratory", "version": "9.8.7",
        "penstock": "0", "python": "3", "engines": {}, "dialects": {}, "packages": {},
        "variables": [], "queries": [], "files": files,
    }  # fmt: skip
    (folder / ".penstock").mkdir()
    (folder / ".penstock/manifest.json").write_text(json.dumps(manifest))
    return folder


def test_an_artifact_is_served_as_it_was_built_or_not_at_all(tmp_path: Path) -> None:
    folder = unpacked(tmp_path / "artifact")
    node = Deployed(folder, tmp_path / "node.sock", tmp_path / "state")
    with node.running():
        eventually(node.is_ready, "a node that is ready")
        assert 'version="9.8.7"' in node.get("/metrics").body.decode()

    for file in ("policies/more.yaml", "policies/roles.yaml"):
        (folder / file).write_text("roles: {some: {}, everything: {}}\n")
        assert "The artifact is not as it was built: policies/" in refused(node)


def test_a_database_that_is_away_is_waited_for_and_named(tmp_path: Path) -> None:
    folder = write_laboratory(tmp_path / "project", rows=10)
    data = folder / "data/numbers.parquet"
    whole = data.read_bytes()
    data.write_bytes(b"not there yet")
    node = Deployed(folder, tmp_path / "node.sock", tmp_path / "state")
    with node.running() as process:
        eventually(lambda: "lab" in str(node.problems()), "what is missing")
        assert node.ask(QUERY).told == (503, "NOT_READY")
        assert str(tmp_path) not in str(node.problems())

        data.write_bytes(whole)
        eventually(node.is_ready, "a node that is ready")
        assert process.poll() is None


PROBES = """\
probes:
  - name: numbers
    roles: [everything]
    query: {data: {fields: {id: [max]}}}
    expect: {columns: [id_max], min_rows: 1, max_rows: 1}
  - name: part
    roles: [some]
    attributes: {groups: [3]}
    saved: secretive
    parameters: {below: LEAST}
    expect: {min_rows: 2}
"""
SAVED = """\
query: {data: {fields: {id: [select]}}, filter: {id: {lt: $param.below}}}
parameters: {below: {type: integer, required: true}}
"""


@pytest.mark.parametrize(("least", "fails"), [(9, False), (5, True)])
def test_a_node_is_ready_once_its_probes_pass(tmp_path: Path, least: int, *, fails: bool) -> None:
    folder = write_laboratory(tmp_path / "project", rows=10)
    (folder / "queries/secretive.yaml").write_text(SAVED)
    with (folder / "penstock.yaml").open("a") as file:
        file.write(PROBES.replace("LEAST", str(least)))
    node = Deployed(folder, tmp_path / "node.sock", tmp_path / "state")
    with node.running():
        if fails:
            told = eventually(
                lambda: found if "probe part" in str(found := node.problems()) else None,
                "the probe that fails",
            )
            assert told == {"probe part": "There are 1 rows, expected 2 at least."}
        else:
            eventually(node.is_ready, "a node that is ready")
