from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from penstock.auth.keyring import KeyRing
from penstock.errors import AuthenticationError, StateError
from penstock.events import Event, KeysChanged, KeysReadable, KeysUnreadable
from penstock.secret import Secret
from penstock.store.database import FILE, open_database, open_file
from penstock.store.keys import KeyDraft, KeyRepository
from penstock.store.watch import KeyWatcher

DRAFT = KeyDraft(name="dashboard")


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[KeyRepository]:
    """Return the keys as another program has them open."""
    with open_database(tmp_path) as database:
        yield KeyRepository(database)


@pytest.fixture
def noticed() -> list[Event]:
    return []


@pytest.fixture
def watcher(tmp_path: Path, keys: KeyRepository, noticed: list[Event]) -> Iterator[KeyWatcher]:
    """Return a watcher that looks when it is told to."""
    keys.create(KeyDraft(name="first"), now=1)
    with open_file(tmp_path / FILE, busy=0.01) as database:
        watching = KeyWatcher(KeyRepository(database), notice=noticed.append, interval=3600)
        watching.start()
        yield watching
        watching.stop()


def accepts(ring: KeyRing, secret: Secret) -> bool:
    try:
        ring.authenticate(secret.reveal(), 10)
    except AuthenticationError:
        return False
    return True


def test_a_new_key_is_accepted_and_a_revoked_one_refused(
    keys: KeyRepository, watcher: KeyWatcher
) -> None:
    record, secret = keys.create(DRAFT, now=1)
    assert not accepts(watcher.ring(), secret)
    watcher.poll()
    assert accepts(watcher.ring(), secret)

    keys.revoke(record.id, now=2)
    watcher.poll()

    assert not accepts(watcher.ring(), secret)


def test_without_a_change_the_snapshot_and_its_memo_stay(
    keys: KeyRepository, watcher: KeyWatcher, noticed: list[Event]
) -> None:
    before = watcher.ring()
    keys.touch({next(iter(before.records)): 5.0})

    watcher.poll()

    assert watcher.ring() is before
    assert noticed == [KeysChanged(1)]


def test_an_unreadable_file_leaves_the_last_snapshot_and_is_noticed_once(
    keys: KeyRepository, watcher: KeyWatcher, noticed: list[Event], tmp_path: Path
) -> None:
    _, secret = keys.create(DRAFT, now=1)
    watcher.poll()
    keys.database.close()
    (tmp_path / FILE).rename(tmp_path / "away")

    watcher.poll()
    watcher.poll()

    assert accepts(watcher.ring(), secret)
    assert "cannot be used" in str(watcher.problem)
    assert [type(event) for event in noticed] == [KeysChanged, KeysChanged, KeysUnreadable]

    (tmp_path / "away").rename(tmp_path / FILE)
    watcher.poll()
    assert watcher.problem is None
    assert noticed[-1] == KeysReadable()


def test_a_damaged_file_leaves_the_last_snapshot(
    keys: KeyRepository, watcher: KeyWatcher, noticed: list[Event], tmp_path: Path
) -> None:
    _, secret = keys.create(DRAFT, now=1)
    watcher.poll()
    damaged = tmp_path / "damaged"
    damaged.write_bytes(os.urandom(8192))
    damaged.replace(tmp_path / FILE)

    watcher.poll()

    assert accepts(watcher.ring(), secret)
    assert isinstance(noticed[-1], KeysUnreadable)


def test_a_backup_that_was_put_back_is_noticed(
    keys: KeyRepository, watcher: KeyWatcher, tmp_path: Path
) -> None:
    with open_database(tmp_path / "backup") as database:
        _, secret = KeyRepository(database).create(DRAFT, now=1)
    for leftover in tmp_path.glob(f"{FILE}-*"):
        leftover.unlink()
    (tmp_path / "backup" / FILE).replace(tmp_path / FILE)

    watcher.poll()

    assert accepts(watcher.ring(), secret)
    assert len(keys.list()) == 1


def test_a_log_that_fails_does_not_keep_a_revocation_away(keys: KeyRepository) -> None:
    def fail(_: Event) -> None:
        raise RuntimeError

    record, secret = keys.create(DRAFT, now=1)
    watcher = KeyWatcher(keys, notice=fail)
    watcher.poll()
    keys.revoke(record.id, now=2)

    watcher.poll()

    assert not accepts(watcher.ring(), secret)


def test_a_watcher_that_cannot_read_at_first_does_not_start(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        (tmp_path / FILE).unlink()

        with pytest.raises(StateError):
            KeyWatcher(KeyRepository(database)).start()


def watched(keys: KeyRepository, act: Callable[[], object]) -> KeyRing:
    """Let a watcher run by itself, do something, and return the ring it then has."""
    changed = threading.Semaphore(0)
    watcher = KeyWatcher(keys, notice=lambda _: changed.release(), interval=0.005)
    watcher.start()
    changed.acquire()
    act()
    assert changed.acquire(timeout=30)
    watcher.stop()
    return watcher.ring()


def test_the_watcher_looks_by_itself(keys: KeyRepository) -> None:
    _, secret = keys.create(DRAFT, now=1)

    ring = watched(keys, lambda: keys.revoke("dashboard", now=2))

    assert not accepts(ring, secret)


def test_what_was_used_is_written_when_the_watcher_stops(keys: KeyRepository) -> None:
    record, _ = keys.create(DRAFT, now=1)
    watcher = KeyWatcher(keys, interval=3600)
    watcher.start()
    watcher.last_used.note(record.id, 7)

    watcher.stop()

    assert keys.find(record.id).last_used == 7
