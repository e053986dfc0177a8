"""Leases, rollouts, sequences, usage, sealed keys: what the manager runs by."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from penstock.deploy.types import Place
from penstock.errors import ChangedError, ConflictError, StateError
from penstock.store import apis, removal, settings, versions
from penstock.store.builds import LONGEST_LINE, BuildLogRepository
from penstock.store.database import Database
from penstock.store.grants import Scope
from penstock.store.keys import KeyDraft, KeyRepository, snapshot_of
from penstock.store.leases import LeaseRepository
from penstock.store.paging import ALL, Reach
from penstock.store.rollouts import RolloutChange, RolloutRepository
from penstock.store.sealed import SealedRepository
from penstock.store.sequences import SequenceRepository
from penstock.store.unit import LOCAL, looking, working
from penstock.store.usage import StoredUsage, UsageFilter, UsageRepository, counted
from penstock.store.vault import Vault
from penstock.store.versions import VersionState
from penstock.usage.event import Source, UsageEvent
from store.made import make_version

PLACE = Place("api_x")


@pytest.mark.parametrize("now", [105, 4_000, -4_000])
def test_a_lease_is_held_by_one_until_it_is_silent(database: Database, now: float) -> None:
    """Whatever the clocks of those say that would like to have it."""
    leases = LeaseRepository(database)
    first = leases.acquire("act", "a", 10, now=100)

    assert first is not None
    assert leases.acquire("act", "b", 10, now=now) is None
    again = leases.acquire("act", "a", 10, now=105)
    assert again is not None
    assert (again.token, again.expires) == (first.token, 115)
    assert leases.acquire("act", "b", 10, now=now, silent=first) is None
    second = leases.acquire("act", "b", 10, now=now, silent=leases.find("act"))
    assert second is not None
    assert second.token > first.token
    assert leases.find("act") == second
    assert leases.renew(first, 10, 116) is None
    leases.release(first)
    assert leases.renew(second, 10, 116) is not None


def test_a_token_never_comes_again(database: Database) -> None:
    leases = LeaseRepository(database)
    tokens = []
    for i in range(3):
        lease = leases.acquire("act", "a", 10, now=i)
        assert lease is not None
        tokens.append(lease.token)
        leases.release(lease)

    assert tokens == [1, 2, 3]


def test_of_many_that_ask_at_once_one_holds_it(database: Database) -> None:
    leases = LeaseRepository(database)
    with ThreadPoolExecutor(6) as pool:
        held = list(pool.map(lambda i: leases.acquire("act", f"h{i}", 10, now=1), range(6)))

    assert len([lease for lease in held if lease is not None]) == 1


def test_a_rollout_is_saved_on_what_was_read(database: Database) -> None:
    rollouts = RolloutRepository(database)
    assert rollouts.load(PLACE) is None
    first = rollouts.save(PLACE, RolloutChange(document=b"1", expected=0, now=1, journal=(b"{}",)))

    with pytest.raises(ChangedError):
        rollouts.save(PLACE, RolloutChange(document=b"2", expected=0, now=2, journal=(b"{}",)))
    change = RolloutChange(document=b"2", expected=first, now=3, journal=(b'{"a":1}', b'{"a":2}'))
    assert rollouts.save(PLACE, change) == 2

    stored = rollouts.load(PLACE)
    assert stored is not None
    assert (stored.document, stored.revision) == (b"2", 2)
    journal = rollouts.journal(PLACE, 1, 10)
    assert [(one.sequence, one.time, one.entry) for one in journal] == [
        (2, 3, b'{"a":1}'),
        (3, 3, b'{"a":2}'),
    ]
    assert rollouts.list() == (stored,)


def test_a_late_writer_changes_nothing(database: Database) -> None:
    rollouts, leases = RolloutRepository(database), LeaseRepository(database)
    late = leases.acquire("act", "a", 10, now=0)
    assert late is not None
    now = leases.acquire("act", "b", 10, now=20, silent=late)
    assert now is not None

    with pytest.raises(ConflictError, match="Another manager"):
        rollouts.save(PLACE, RolloutChange(document=b"a", expected=0, now=21, lease=late))
    rollouts.save(PLACE, RolloutChange(document=b"b", expected=0, now=21, lease=now))
    stored = rollouts.load(PLACE)
    assert stored is not None
    assert stored.document == b"b"


def test_what_a_rollout_holds_is_deployed_and_stays(database: Database) -> None:
    rollouts, version = RolloutRepository(database), make_version(database)
    place = Place(version.api)
    held = frozenset({version.id})
    rollouts.save(place, RolloutChange(document=b"", expected=0, now=1, versions=held))
    with looking(database) as look:
        assert versions.get(look, version.id).state is VersionState.DEPLOYED
    with pytest.raises(ConflictError), working(database, LOCAL, 2) as work:
        versions.remove(work, version.id)
    with pytest.raises(ConflictError), working(database, LOCAL, 2) as work:
        removal.remove_api(work, version.api)

    rollouts.save(place, RolloutChange(document=b"", expected=1, now=2))

    with working(database, LOCAL, 3) as work:
        removal.remove_api(work, version.api)
        assert apis.every(work) == ()


def test_a_sequence_grows_in_the_transaction_of_the_change(database: Database) -> None:
    sequences, version = SequenceRepository(database), make_version(database)
    keys = KeyRepository(database)
    seen = [sequences.of(version.api)]
    own, _ = keys.create(KeyDraft(name="own", api=version.api), now=1)
    seen.append(sequences.of(version.api))
    other_before = sequences.of("api_other")
    keys.create(KeyDraft(name="all"), now=1)
    seen.append(sequences.of(version.api))
    with working(database, LOCAL, 1) as work:
        settings.write(work, Place(version.api), "limits", {"concurrency": 1})
    seen.append(sequences.of(version.api))
    keys.revoke(own.id, 1)
    seen.append(sequences.of(version.api))

    assert seen == sorted({*seen})
    assert len(seen) == 5
    assert sequences.of("api_other") > other_before

    def fail() -> None:
        with working(database, LOCAL, 1) as work:
            settings.write(work, Place(version.api), "limits", {"concurrency": 2})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert sequences.of(version.api) == seen[-1]


def test_after_a_restored_backup_the_sequence_is_ahead_of_the_nodes(database: Database) -> None:
    keys, sequences = KeyRepository(database), SequenceRepository(database)
    keys.create(KeyDraft(name="a"), now=1_000)
    seen_by_nodes = sequences.of("api_x") + 7

    keys.create(KeyDraft(name="b"), now=1_001)

    assert sequences.of("api_x") > seen_by_nodes
    assert sequences.overtake("api_x", 2_000_000, now=1_002) == 2_000_001
    assert sequences.overtake("api_x", 2**60, now=1_002) == 2_000_001


def test_a_key_of_one_api_opens_no_other(database: Database) -> None:
    first, second = make_version(database, "a"), make_version(database, "b")
    keys = KeyRepository(database)
    everywhere, _ = keys.create(KeyDraft(name="all"), now=1)
    own, _ = keys.create(KeyDraft(name="own", api=first.api), now=2)

    with looking(database) as look:
        assert {*snapshot_of(look, first.api).records} == {everywhere.id, own.id}
        assert {*snapshot_of(look, second.api).records} == {everywhere.id}
    assert {*keys.snapshot()[1].records} == {everywhere.id}


def usage(identifier: str, status: int = 200) -> StoredUsage:
    return StoredUsage(
        id=identifier, time=5, api="api_x", environment="e", node="n", status=status, rows=1, size=3
    )


def test_usage_is_stored_once(database: Database) -> None:
    repository = UsageRepository(database)
    events = [usage(str(i)) for i in range(1200)]

    assert repository.store(events) == 1200
    assert repository.store([*events, usage("new", 500)]) == 1
    assert repository.store([]) == 0
    with looking(database) as look:
        (found,) = counted(look, ALL, UsageFilter())
        assert (found.requests, found.errors, found.rows, found.size) == (1201, 1, 1201, 3603)
        assert counted(look, Reach(), UsageFilter()) == ()
        assert counted(look, ALL, UsageFilter(since=6)) == ()


def test_what_is_new_is_counted_whatever_comes_with_it(database: Database) -> None:
    """Each engine says how many rows it wrote in a way of its own, of many statements at once."""
    repository = UsageRepository(database)

    assert repository.store([usage("1"), usage("2"), usage("1")]) == 2
    assert repository.store([usage("2")]) == 0
    assert repository.store([usage(str(i)) for i in range(2, 2_003)]) == 2_000
    assert repository.store([]) == 0


def test_an_event_is_kept_as_the_node_wrote_it(database: Database) -> None:
    source = Source(api="api_x", environment="production", version="v1", node="n-1")
    event = UsageEvent(
        id="1", time=5.0, source=source, method="POST", route="/query", status=502, rows=2, bytes=10
    )

    assert UsageRepository(database).take([event, event]) == 1
    with looking(database) as look:
        (found,) = counted(look, ALL, UsageFilter())
    assert (found.requests, found.errors, found.rows, found.size) == (1, 1, 2, 10)


def test_usage_delivered_twice_at_once_is_stored_once(database: Database) -> None:
    repository = UsageRepository(database)
    events = [usage(str(i)) for i in range(200)]
    with ThreadPoolExecutor(4) as pool:
        stored = list(pool.map(lambda _: repository.store(events), range(4)))

    assert sum(stored) == 200


def test_a_key_of_the_installation_is_made_once(database: Database) -> None:
    sealed = SealedRepository(database, Vault((bytes(32),)))
    numbers = iter(range(100))
    lock = threading.Lock()

    def make() -> bytes:
        with lock:
            return b"%d" % next(numbers)

    with ThreadPoolExecutor(6) as pool:
        found = {*pool.map(lambda _: sealed.get_or_make("a", make), range(6))}

    assert len(found) == 1
    assert sealed.get_or_make("b", make) not in found
    with pytest.raises(StateError, match="not here"):
        SealedRepository(database, Vault((bytes(31) + b"1",))).get_or_make("a", make)


def test_lines_of_a_build_keep_their_order_and_no_control_signs(database: Database) -> None:
    log = BuildLogRepository(database)
    log.append("bld_x", ["one", "two\x1b[31m\x00"], now=1)
    log.append("bld_x", ["x" * 9999], now=2)
    log.append("bld_x", [], now=3)

    lines = log.lines("bld_x", 0, 10)

    assert [line.sequence for line in lines] == [1, 2, 3]
    assert [line.text for line in lines] == ["one", "two[31m", "x" * LONGEST_LINE]
    assert log.lines("bld_x", 2, 10) == lines[2:]
    assert Scope().api is None
