from __future__ import annotations

from dataclasses import replace

import pytest

from penstock.auth.apikey import Environment
from penstock.auth.keyring import KeyRecord
from penstock.auth.rotation import (
    KeyState,
    begin_rotation,
    finish_rotation,
    key_state,
    revoke,
    settle,
)
from penstock.errors import ConfigurationError

RECORD = KeyRecord(
    id="key1", name="a", environment=Environment.LIVE, current=b"old", created=0, expires=100.0
)
ROTATING = replace(RECORD, next=b"new", overlap_ends=10.0)


@pytest.mark.parametrize(
    ("record", "now", "state"),
    [
        (RECORD, 0, KeyState.ACTIVE),
        (RECORD, 100, KeyState.EXPIRED),
        (ROTATING, 9, KeyState.ROTATING),
        (ROTATING, 10, KeyState.ACTIVE),
        (replace(ROTATING, overlap_ends=None), 99, KeyState.ROTATING),
        (replace(RECORD, revoked=1.0), 0, KeyState.REVOKED),
        (replace(RECORD, revoked=1.0), 100, KeyState.REVOKED),
    ],
)
def test_a_key_is_in_one_state(record: KeyRecord, now: float, state: KeyState) -> None:
    assert key_state(record, now) is state


def test_a_rotation_adds_a_secret_for_its_grace() -> None:
    assert begin_rotation(RECORD, b"new", now=5, grace=5) == ROTATING


def test_a_finished_rotation_leaves_the_next_secret_only() -> None:
    assert finish_rotation(ROTATING, now=5) == replace(RECORD, current=b"new")


def test_a_second_rotation_waits_for_the_first() -> None:
    with pytest.raises(ConfigurationError, match="already has a next secret"):
        begin_rotation(ROTATING, b"newer", now=9, grace=5)


def test_a_second_rotation_follows_an_overlap_that_is_over() -> None:
    again = begin_rotation(ROTATING, b"newer", now=10, grace=None)

    assert (again.current, again.next, again.overlap_ends) == (b"new", b"newer", None)


def test_time_alone_ends_an_overlap() -> None:
    assert settle(ROTATING, now=9.9) is ROTATING
    assert settle(ROTATING, now=10) == replace(RECORD, current=b"new")


@pytest.mark.parametrize("dead", [replace(RECORD, revoked=1.0), replace(RECORD, expires=1.0)])
def test_a_dead_key_gets_no_new_secret(dead: KeyRecord) -> None:
    with pytest.raises(ConfigurationError, match=r"is (revoked|expired)"):
        begin_rotation(dead, b"new", now=5, grace=None)
    with pytest.raises(ConfigurationError, match=r"is (revoked|expired)"):
        finish_rotation(dead, now=5)


def test_what_was_not_begun_cannot_be_finished() -> None:
    with pytest.raises(ConfigurationError, match="not being rotated"):
        finish_rotation(RECORD, now=5)


def test_the_first_revocation_counts() -> None:
    assert revoke(revoke(ROTATING, now=3), now=4).revoked == 3
