from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from deploy.rollout.driving import release
from penstock.control.places import Places
from penstock.deploy.rollout.events import ChecksPassed, Deploy, NodeReady, Picked, Tick
from penstock.deploy.rollout.types import Note, Phase
from penstock.deploy.rollout.wanted import wanted
from penstock.deploy.types import Colour, Place
from penstock.errors import ConflictError, DeploymentRunningError
from penstock.store.database import Database
from penstock.store.leases import LeaseRepository
from penstock.store.rollouts import RolloutRepository

SHOP = Place("api_shop")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def open_places(database: Database, clock: Clock | None = None) -> Places:
    return Places(RolloutRepository(database), monotonic=clock or Clock())


def test_what_was_decided_is_there_after_a_restart(database: Database) -> None:
    open_places(database).ask(SHOP, Deploy(release("a")))

    change = open_places(database).state(SHOP).change

    assert change is not None
    assert (change.deployment, change.phase) == ("dep_a", Phase.QUEUED)


def test_what_is_refused_leaves_no_trace(database: Database) -> None:
    places = open_places(database)
    places.ask(SHOP, Deploy(release("a")))
    revision = places.revision(SHOP)

    with pytest.raises(DeploymentRunningError):
        places.ask(SHOP, Deploy(release("b")))

    assert open_places(database).revision(SHOP) == revision


def test_time_alone_is_never_written(database: Database) -> None:
    clock = Clock()
    places = open_places(database, clock)
    places.ask(SHOP, Deploy(release("a")))
    revision = places.revision(SHOP)

    clock.now += 50
    places.tell(SHOP, Tick())

    assert places.revision(SHOP) == revision


def test_while_no_manager_runs_no_deadline_passes(database: Database) -> None:
    clock = Clock()
    open_places(database, clock).ask(SHOP, Deploy(release("a")))
    places = open_places(database, clock)
    places.tell(SHOP, Picked())

    clock.now += 1e6
    state = open_places(database, clock).tell(SHOP, Tick())

    assert state.change is not None
    assert state.change.phase is Phase.STARTING


def test_a_deadline_passes_by_the_monotonic_clock(database: Database) -> None:
    clock = Clock()
    places = open_places(database, clock)
    places.ask(SHOP, Deploy(release("a")))
    places.tell(SHOP, Picked())

    clock.now += 121
    state = places.tell(SHOP, Tick())

    assert state.last is not None
    assert state.last.phase is Phase.ABORTED


def test_of_two_managers_one_deploys_and_the_other_says_so(database: Database) -> None:
    one, other = open_places(database), open_places(database)
    other.state(SHOP)  # it has read before the other one writes
    one.ask(SHOP, Deploy(release("a")))

    with pytest.raises(DeploymentRunningError):
        other.ask(SHOP, Deploy(release("b")))


def test_a_manager_that_lost_its_lease_can_no_longer_act(database: Database) -> None:
    leases = LeaseRepository(database)
    old = open_places(database)
    old.ask(SHOP, Deploy(release("a")))
    old.lease = leases.acquire("controller", "one", 10, old.wall())
    assert leases.acquire("controller", "two", 10, old.wall(), silent=old.lease) is not None

    with pytest.raises(ConflictError):
        old.tell(SHOP, Picked())

    change = open_places(database).state(SHOP).change
    assert change is not None
    assert change.phase is Phase.QUEUED


def test_many_at_once_lose_nothing(database: Database) -> None:
    places = open_places(database)
    places.ask(SHOP, Deploy(release("a", nodes=8)))
    state = places.tell(SHOP, Picked())
    managers = [open_places(database) for _ in range(4)]
    nodes = [node.id for node in wanted(state, places.now(SHOP)).prove]

    def prove(manager: Places, mine: Sequence[str]) -> None:
        for node in mine:
            manager.tell(SHOP, NodeReady(node))

    threads = [
        threading.Thread(target=prove, args=(manager, nodes[n::4]))
        for n, manager in enumerate(managers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    change = open_places(database).state(SHOP).change
    assert change is not None
    assert change.phase is Phase.VERIFYING


def test_every_note_is_in_the_journal_in_order_and_told_once(database: Database) -> None:
    told: list[Note] = []
    places = open_places(database)
    places.told = lambda _, __, notes: told.extend(notes)

    places.ask(SHOP, Deploy(release("a")))
    state = places.tell(SHOP, Picked())
    places.tell(SHOP, NodeReady(state.nodes[0].id), ChecksPassed(Colour.BLUE))

    written = RolloutRepository(database).journal(SHOP, 0, 100)
    assert [entry.sequence for entry in written] == list(range(1, len(told) + 1))
    assert [note.phase for note in told if note.phase] == [
        Phase.QUEUED,
        Phase.STARTING,
        Phase.VERIFYING,
        Phase.READY,
        Phase.PROMOTING,
    ]
