from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from link.manager import API, ENVIRONMENT, Manager
from penstock.auth.apikey import ID_BYTES, SECRET_BYTES, Environment, mint, new_key_id
from penstock.auth.keyring import KeyRecord
from penstock.auth.rotation import revoke
from penstock.errors import AuthenticationError
from penstock.events import (
    Event,
    ManagerFound,
    ManagerLost,
    SnapshotRefused,
    SnapshotTaken,
    SnapshotUnwritten,
)
from penstock.link.client import ManagerAddress, ManagerClient
from penstock.link.keeper import NoSnapshotError, Post, SnapshotKeeper, pause_after
from penstock.link.snapshot import NodeLimits, Snapshot, new_signing_key, sign_snapshot

PATIENCE = 20.0

_SECRET, _HASH = mint(Environment.LIVE, new_key_id(b"k" * ID_BYTES), b"s" * SECRET_BYTES)
TEXT = _SECRET.reveal()
RECORD = KeyRecord(
    id=new_key_id(b"k" * ID_BYTES),
    name="one",
    environment=Environment.LIVE,
    current=_HASH,
    created=1.0,
)


class Node:
    """A keeper, what it noticed, and which limits it put in force."""

    def __init__(self, manager: Manager, address: str, folder: Path) -> None:
        self.events: list[Event] = []
        self.limits: list[NodeLimits] = []
        self.keeper = SnapshotKeeper(
            ManagerClient(ManagerAddress.parse(address), manager.token),
            Post(api=API, environment=ENVIRONMENT, key=manager.key, folder=folder),
            notice=self.events.append,
            adopt=self.limits.append,
        )

    def saw(self, kind: type[Event]) -> bool:
        return any(isinstance(event, kind) for event in self.events)

    def lets_in(self) -> bool:
        try:
            self.keeper.ring().authenticate(TEXT, time.time())
        except (AuthenticationError, NoSnapshotError):
            return False
        return True


def eventually(look: Callable[[], bool], within: float = PATIENCE) -> None:
    end = time.monotonic() + within
    while not look():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


@contextmanager
def linked(manager: Manager, address: str, folder: Path) -> Iterator[Node]:
    node = Node(manager, address, folder)
    node.keeper.start()
    try:
        yield node
    finally:
        node.keeper.stop()


@pytest.fixture
def manager() -> Iterator[Manager]:
    made = Manager()
    yield made
    made.let_go()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "manager.sock"


def test_keys_come_from_the_manager_and_go_when_it_says_so(
    manager: Manager, place: Path, tmp_path: Path
) -> None:
    manager.publish([RECORD])
    with manager.running(place) as address, linked(manager, address, tmp_path / "state") as node:
        eventually(node.lets_in)
        began = time.monotonic()
        manager.publish([revoke(RECORD, 2.0)])
        eventually(lambda: not node.lets_in())

        assert time.monotonic() - began < 5
        assert node.keeper.sequence == 2


def test_a_refresh_of_all_nodes_is_news_only_after_the_first_snapshot(
    manager: Manager, place: Path, tmp_path: Path
) -> None:
    manager.publish([RECORD])
    manager.refresh_all()
    with manager.running(place) as address, linked(manager, address, tmp_path / "state") as node:
        eventually(node.lets_in)
        assert (node.keeper.refresh_at_first, node.keeper.refresh) == (1, 1)
        manager.refresh_all()
        eventually(lambda: node.keeper.refresh == 2)

        assert node.keeper.refresh_at_first == 1


def test_it_works_over_the_network_too(manager: Manager, tmp_path: Path) -> None:
    manager.publish([RECORD])
    with manager.running(0) as address, linked(manager, address, tmp_path) as node:
        eventually(node.lets_in)

        assert node.keeper.silence < PATIENCE


def test_without_any_snapshot_nobody_is_let_in(manager: Manager, tmp_path: Path) -> None:
    with linked(manager, "unix:/nowhere/manager.sock", tmp_path) as node:
        eventually(lambda: node.saw(ManagerLost))

        with pytest.raises(NoSnapshotError):
            node.keeper.ring()
        assert node.keeper.unready is not None


def test_the_last_snapshot_serves_while_the_manager_is_away(
    manager: Manager, place: Path, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    manager.publish([RECORD])
    with manager.running(place) as address, linked(manager, address, state):
        eventually((state / "snapshot").exists)

    with linked(manager, f"unix:{place}", state) as node:
        assert node.lets_in()
        eventually(lambda: node.keeper.warning is not None)
        assert node.keeper.unready is None
        manager.publish([])
        with manager.running(place):
            eventually(lambda: not node.lets_in())
        assert node.saw(ManagerFound)
    assert (state / "snapshot").stat().st_mode & 0o777 == 0o600


def test_a_manager_that_vanishes_with_a_request_on_its_way_is_found_once_it_is_back(
    manager: Manager, tmp_path: Path
) -> None:
    with ExitStack() as first:
        address = first.enter_context(manager.running(0))
        with linked(manager, address, tmp_path) as node:
            manager.publish([RECORD])
            eventually(node.lets_in)
            manager.vanishes = True
            manager.publish([RECORD])
            eventually(lambda: node.keeper.sequence == 2)  # its next request is confirmed by nobody
            first.close()
            manager.vanishes = False
            manager.publish([revoke(RECORD, 2.0)])

            with manager.running(int(address.rpartition(":")[2])):
                eventually(lambda: not node.lets_in(), within=12)  # its answer may take twice that


def test_a_node_asks_again_soon_however_long_its_manager_was_away() -> None:
    pauses = [pause_after(failures) for failures in range(2_000)]

    assert min(pauses) >= 0.05
    assert max(pauses) <= 1.0
    assert len(set(pauses[100:])) > 1_000


def test_a_damaged_file_is_told_of_and_asked_for_anew(
    manager: Manager, place: Path, tmp_path: Path
) -> None:
    manager.publish([RECORD])
    whole = manager.signed or b""
    for damaged in (b"", whole[:-1], whole[: len(whole) // 2], b"\x00" * len(whole)):
        (tmp_path / "snapshot").write_bytes(damaged)
        with manager.running(place) as address, linked(manager, address, tmp_path) as node:
            eventually(node.lets_in)

        assert isinstance(node.events[0], SnapshotRefused)
        assert node.events[0].origin == "disk"
        assert (tmp_path / "snapshot").read_bytes() == whole
    assert set(manager.asked) >= {0}


def _of(manager: Manager, *, sequence: int = 10, api: str = API, key: bytes | None = None) -> bytes:
    snapshot = Snapshot(sequence=sequence, issued=1.0, api=api, environment=ENVIRONMENT)
    return sign_snapshot(snapshot, key or manager.private)


@pytest.mark.parametrize("attack", ["older", "replayed", "other API", "other key", "flipped byte"])
def test_what_is_not_ours_changes_nothing(
    attack: str, manager: Manager, place: Path, tmp_path: Path
) -> None:
    manager.sequence = 4
    manager.publish([RECORD])
    held = manager.signed or b""
    forged = {
        "older": _of(manager, sequence=4),
        "replayed": held,
        "other API": _of(manager, api="api_2"),
        "other key": _of(manager, key=new_signing_key()),
        "flipped byte": held.replace(b'"one"', b'"two"'),
    }
    with manager.running(place) as address, linked(manager, address, tmp_path / "state") as node:
        eventually(node.lets_in)
        manager.sequence = 100
        manager.send(forged[attack])
        eventually(lambda: node.saw(SnapshotRefused))

        assert node.lets_in()
        assert node.keeper.sequence == 5
        manager.publish([])
        eventually(lambda: not node.lets_in())


def test_a_disk_that_takes_nothing_is_told_of_and_the_keys_are_in_force(
    manager: Manager, place: Path, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    state.write_text("a file where the folder should be")
    manager.publish([RECORD])
    with manager.running(place) as address, linked(manager, address, state) as node:
        eventually(lambda: node.saw(SnapshotUnwritten))

        assert node.lets_in()


def test_limits_are_handed_on_when_they_change(
    manager: Manager, place: Path, tmp_path: Path
) -> None:
    manager.publish([], NodeLimits(concurrency=3))
    with manager.running(place) as address, linked(manager, address, tmp_path / "state") as node:
        eventually(lambda: node.limits == [NodeLimits(concurrency=3)])
        manager.publish([RECORD], NodeLimits(concurrency=3))
        eventually(node.lets_in)

        assert node.limits == [NodeLimits(concurrency=3)]


def test_a_clock_that_jumps_changes_nothing(manager: Manager, place: Path, tmp_path: Path) -> None:
    ancient = Snapshot(sequence=1, issued=0.0, api=API, environment=ENVIRONMENT, keys=(RECORD,))
    manager.sequence = 1
    manager.send(sign_snapshot(ancient, manager.private))
    with manager.running(place) as address, linked(manager, address, tmp_path / "state") as node:
        eventually(node.lets_in)
        manager.publish([])
        eventually(lambda: not node.lets_in())

        assert [e.sequence for e in node.events if isinstance(e, SnapshotTaken)] == [1, 2]
