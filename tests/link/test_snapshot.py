from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from penstock.auth.apikey import Environment
from penstock.auth.keyring import KeyRecord
from penstock.link.snapshot import (
    NodeLimits,
    Snapshot,
    SnapshotRefusedError,
    check_snapshot,
    new_signing_key,
    read_snapshot,
    sign_snapshot,
    verification_key,
)

PRIVATE = new_signing_key()
KEY = verification_key(PRIVATE)
RECORD = KeyRecord(
    id="abc",
    name="dashboard",
    environment=Environment.LIVE,
    current=b"\x00\xff hash",
    next=b"another",
    overlap_ends=2.5,
    created=1.0,
    roles=("analyst", "café"),
    attributes={"stations": ("JFK", "LGA"), "level": 3, "share": 0.5, "vip": True, "none": None},
    permissions=frozenset({"refresh"}),
)
SNAPSHOT = Snapshot(
    sequence=7,
    issued=1_700_000_000.25,
    api="api_1",
    environment="production",
    keys=(RECORD,),
    limits=NodeLimits(concurrency=4),
)
SIGNED = sign_snapshot(SNAPSHOT, PRIVATE)


def test_what_was_signed_is_what_is_read() -> None:
    assert read_snapshot(SIGNED, KEY) == SNAPSHOT


def test_no_secret_of_a_key_is_in_it() -> None:
    assert b"hash" not in SIGNED


@given(some.integers(0, len(SIGNED) - 1), some.integers(1, 255))
@example(SIGNED.index(b"==") - 1, 1)  # the letter whose last bits stand for nothing
def test_one_byte_changed_anywhere_is_refused(place: int, change: int) -> None:
    changed = bytearray(SIGNED)
    changed[place] ^= change

    with pytest.raises(SnapshotRefusedError):
        read_snapshot(bytes(changed), KEY)


@given(some.integers(0, len(SIGNED) - 1))
def test_a_part_is_refused(length: int) -> None:
    with pytest.raises(SnapshotRefusedError):
        read_snapshot(SIGNED[:length], KEY)


@given(some.binary(max_size=400))
def test_anything_else_is_refused(junk: bytes) -> None:
    with pytest.raises(SnapshotRefusedError):
        read_snapshot(junk, KEY)
    with pytest.raises(SnapshotRefusedError):
        read_snapshot(SIGNED + junk + b"x", KEY)


def test_another_managers_signature_is_refused() -> None:
    with pytest.raises(SnapshotRefusedError, match="signature"):
        read_snapshot(sign_snapshot(SNAPSHOT, new_signing_key()), KEY)


@pytest.mark.parametrize("key", ["", "not base64!", "AAAA"])
def test_a_key_that_is_none_believes_nothing(key: str) -> None:
    with pytest.raises(SnapshotRefusedError):
        read_snapshot(SIGNED, key)


def test_a_later_format_is_refused_though_it_is_signed() -> None:
    later = Snapshot(sequence=8, issued=1.0, api="api_1", environment="production", format=2)

    with pytest.raises(SnapshotRefusedError, match="format is 2"):
        read_snapshot(sign_snapshot(later, PRIVATE), KEY)


@pytest.mark.parametrize(
    ("api", "environment", "after"),
    [("api_2", "production", 0), ("api_1", "test", 0), ("api_1", "production", 7),
     ("api_1", "production", 8)],
)  # fmt: skip
def test_one_for_another_place_or_one_that_is_not_newer_is_refused(
    api: str, environment: str, after: int
) -> None:
    with pytest.raises(SnapshotRefusedError):
        check_snapshot(SNAPSHOT, api=api, environment=environment, after=after)


def test_a_newer_one_for_this_place_is_accepted() -> None:
    check_snapshot(SNAPSHOT, api="api_1", environment="production", after=6)

    assert read_snapshot(SIGNED, KEY).sequence == 7
