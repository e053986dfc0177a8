from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from penstock.auth.apikey import Environment
from penstock.auth.keyring import KeyRing
from penstock.errors import AuthenticationError, ConfigurationError, NotFoundError
from penstock.store.database import FILE, Database, open_database
from penstock.store.keys import KeyDraft, KeyRepository


@pytest.fixture
def keys(database: Database) -> KeyRepository:
    return KeyRepository(database)


def ring(keys: KeyRepository) -> KeyRing:
    return keys.snapshot()[1]


DRAFT = KeyDraft(
    name="dashboard",
    environment=Environment.TEST,
    roles=("analyst", "reader"),
    attributes={"stations": ("JFK", "EWR"), "level": 3, "share": 0.5, "on": True, "none": ()},
    permissions=frozenset({"refresh", "explain"}),
    expires=100.0,
)


def test_a_stored_key_authenticates_as_what_was_asked_for(keys: KeyRepository) -> None:
    record, secret = keys.create(DRAFT, now=1)

    principal = ring(keys).authenticate(secret.reveal(), 2)

    assert principal.subject == record.id
    assert (principal.roles, principal.attributes) == (DRAFT.roles, DRAFT.attributes)
    assert (principal.permissions, principal.expires) == (DRAFT.permissions, 100)


def test_what_was_stored_is_read_back(keys: KeyRepository) -> None:
    record, _ = keys.create(DRAFT, now=1)

    assert keys.find(record.id).record == record
    assert [key.record for key in keys.list()] == [record]
    assert ring(keys).records == {record.id: record}


def test_no_secret_is_in_the_file(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        keys = KeyRepository(database)
        _, secret = keys.create(DRAFT, now=1)
        keys.rotate("dashboard", 2, None)
    text = secret.reveal()

    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())

    assert text[-49:-6].encode() not in written
    assert b"dashboard" in written


def test_a_key_is_found_by_its_name_while_that_means_one_key(keys: KeyRepository) -> None:
    first, _ = keys.create(DRAFT, now=1)
    second, _ = keys.create(DRAFT, now=2)

    with pytest.raises(ConfigurationError, match="2 keys are named 'dashboard'") as caught:
        keys.find("dashboard")
    assert first.id in str(caught.value.hint)
    keys.revoke(first.id, 3)

    assert keys.find("dashboard").record == second


def test_an_unknown_key_suggests_a_near_one(keys: KeyRepository) -> None:
    record, _ = keys.create(DRAFT, now=1)

    for typed, meant in (("dashbord", "dashboard"), (record.id[:-1], record.id)):
        with pytest.raises(NotFoundError, match="There is no key") as caught:
            keys.revoke(typed, 2)
        assert caught.value.hint == f"Did you mean {meant!r}?"


def test_a_revoked_key_is_refused(keys: KeyRepository) -> None:
    record, secret = keys.create(DRAFT, now=1)

    assert keys.revoke("dashboard", 2).revoked == 2
    assert keys.revoke(record.id, 3).revoked == 2
    with pytest.raises(AuthenticationError):
        ring(keys).authenticate(secret.reveal(), 4)


def test_a_rotation_overlaps_until_its_grace_ends(keys: KeyRepository) -> None:
    record, old = keys.create(DRAFT, now=1)
    _, new = keys.rotate(record.id, now=2, grace=10)

    both = ring(keys)
    assert both.authenticate(old.reveal(), 11).subject == record.id
    assert both.authenticate(new.reveal(), 12).subject == record.id
    with pytest.raises(AuthenticationError):
        both.authenticate(old.reveal(), 12)


def test_a_rotation_overlaps_until_it_is_finished(keys: KeyRepository) -> None:
    record, old = keys.create(DRAFT, now=1)
    _, new = keys.rotate(record.id, now=2, grace=None)
    assert ring(keys).authenticate(old.reveal(), 99).subject == record.id

    keys.finish_rotation(record.id, now=3)

    assert ring(keys).authenticate(new.reveal(), 99).subject == record.id
    with pytest.raises(AuthenticationError):
        ring(keys).authenticate(old.reveal(), 4)


def test_a_refused_change_changes_nothing(keys: KeyRepository) -> None:
    record, _ = keys.create(DRAFT, now=1)
    before = keys.snapshot()

    with pytest.raises(ConfigurationError):
        keys.finish_rotation(record.id, now=2)

    assert keys.snapshot() == before


def test_every_change_has_a_generation_of_its_own(keys: KeyRepository) -> None:
    seen = [keys.generation()]
    record, _ = keys.create(DRAFT, now=1)
    seen.append(keys.generation())
    keys.rotate(record.id, 2, None)
    seen.append(keys.generation())
    keys.finish_rotation(record.id, 3)
    seen.append(keys.generation())
    keys.revoke(record.id, 4)
    seen.append(keys.generation())

    assert len(set(seen)) == 5
    assert keys.generation() == seen[-1] == keys.snapshot()[0]


def test_being_used_is_no_change_of_a_key(keys: KeyRepository) -> None:
    record, _ = keys.create(DRAFT, now=1)
    before = keys.generation()

    keys.touch({record.id: 5.0, "unknown": 6.0})
    keys.touch({record.id: 4.0})

    assert keys.generation() == before
    assert keys.find(record.id).last_used == 5


def test_keys_made_at_once_are_all_there(
    place: Callable[[], Database], keys: KeyRepository
) -> None:
    def make() -> None:
        with place() as database:
            KeyRepository(database).create(DRAFT, now=1)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(keys.list()) == 8


def test_keys_survive_a_restart(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        _, secret = KeyRepository(database).create(DRAFT, now=1)

    assert (tmp_path / FILE).exists()
    with open_database(tmp_path) as database:
        principal = ring(KeyRepository(database)).authenticate(secret.reveal(), 2)
        assert principal.kind == "apikey"


@pytest.mark.parametrize("hostile", ["'; DROP TABLE api_keys; --", "%", "_", "\x00", "é" * 999])
def test_a_hostile_reference_is_only_a_name(keys: KeyRepository, hostile: str) -> None:
    keys.create(DRAFT, now=1)

    with pytest.raises(NotFoundError):
        keys.revoke(hostile, 2)
    assert len(keys.list()) == 1
