"""What may happen to a key after it was made: a new secret, an end to the old one, revocation."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from penstock.auth.keyring import KeyRecord
from penstock.errors import ConfigurationError


class KeyState(StrEnum):
    ACTIVE = "active"
    ROTATING = "rotating"
    EXPIRED = "expired"
    REVOKED = "revoked"


def key_state(record: KeyRecord, now: float) -> KeyState:
    if record.revoked is not None:
        return KeyState.REVOKED
    if record.expires is not None and now >= record.expires:
        return KeyState.EXPIRED
    return KeyState.ROTATING if settle(record, now).next is not None else KeyState.ACTIVE


def settle(record: KeyRecord, now: float) -> KeyRecord:
    """Return the record as time has made it: after the overlap only the new secret is left."""
    ended = record.overlap_ends is not None and now >= record.overlap_ends
    return _promote(record) if ended else record


def begin_rotation(record: KeyRecord, hash_: bytes, now: float, grace: float | None) -> KeyRecord:
    """Accept a second secret beside the first, for `grace` seconds or until it is finished.

    Raises ConfigurationError for a key that is revoked, expired, or rotating already.
    """
    settled = settle(record, now)
    _check_alive(settled, now)
    if settled.next is not None:
        raise ConfigurationError(
            f"The key {record.id!r} already has a next secret.",
            hint=f"End that rotation first: penstock keys rotate {record.id} --finish",
        )
    ends = None if grace is None else now + grace
    return replace(settled, next=hash_, overlap_ends=ends)


def finish_rotation(record: KeyRecord, now: float) -> KeyRecord:
    """Leave only the next secret. Raises ConfigurationError for a key that is not rotating."""
    _check_alive(record, now)
    if record.next is None:
        raise ConfigurationError(
            f"The key {record.id!r} is not being rotated.",
            hint=f"Begin with: penstock keys rotate {record.id}",
        )
    return _promote(record)


def revoke(record: KeyRecord, now: float) -> KeyRecord:
    """Refuse both secrets from now on. Revoking again changes nothing."""
    return record if record.revoked is not None else replace(record, revoked=now)


def _promote(record: KeyRecord) -> KeyRecord:
    return replace(record, current=record.next or record.current, next=None, overlap_ends=None)


def _check_alive(record: KeyRecord, now: float) -> None:
    state = key_state(record, now)
    if state in {KeyState.REVOKED, KeyState.EXPIRED}:
        raise ConfigurationError(
            f"The key {record.id!r} is {state}.",
            hint="Make a new one: penstock keys create NAME",
        )
