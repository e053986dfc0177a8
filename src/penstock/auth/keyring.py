"""Every API key that exists, at one moment, and who each of them is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from penstock.auth.apikey import Environment, matches, parse
from penstock.auth.memo import remember
from penstock.auth.principal import AttributeValue, Principal
from penstock.auth.refusal import refused

_MEMO_LIMIT = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """An API key without its secrets. Times are in epoch seconds.

    `current` and `next` are hashes; both are accepted while the key rotates. From `overlap_ends`
    on, only `next` is. `api` is the id of the one API it is for, None for all of them.
    """

    id: str
    name: str
    environment: Environment
    current: bytes = field(repr=False)
    created: float
    next: bytes | None = field(default=None, repr=False)
    overlap_ends: float | None = None
    roles: tuple[str, ...] = ()
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    permissions: frozenset[str] = frozenset()
    expires: float | None = None
    revoked: float | None = None
    api: str | None = None


@dataclass(frozen=True, slots=True)
class KeyRing:
    """An immutable snapshot, by id.

    The memo maps the text of a key that was proved to its principal, so the same key costs one
    lookup the next time. It only ever holds valid keys (nobody fills it with guesses), lives as
    long as the snapshot, and never saves a key from expiring.
    """

    records: Mapping[str, KeyRecord] = field(default_factory=dict)
    _memo: dict[str, Principal] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, records: Iterable[KeyRecord]) -> KeyRing:
        return cls({record.id: record for record in records})

    def authenticate(self, text: str, now: float) -> Principal:
        """Return who sent this key, or raise the one AuthenticationError."""
        principal = self._memo.get(text)
        if principal is None:
            principal = _prove(text, self.records, now)
            remember(self._memo, text, principal, limit=_MEMO_LIMIT)
        elif principal.expires is not None and now >= principal.expires:
            raise refused("the key has expired")
        return principal


def _prove(text: str, records: Mapping[str, KeyRecord], now: float) -> Principal:
    presented = parse(text)
    if presented is None:
        raise refused("this is not the text of a key")
    record = records.get(presented.id)
    # Both comparisons are always made: how long this takes tells nothing about which ids exist.
    is_current = matches(presented.hash, record.current if record else None)
    is_next = matches(presented.hash, record.next if record else None)
    if record is None or not (is_current or is_next):
        raise refused("there is no such key")
    if record.environment != presented.environment:
        raise refused("the key is of the other environment")
    if record.revoked is not None:
        raise refused(f"key {record.id} is revoked")
    expires = record.expires if is_next else _earlier(record.expires, record.overlap_ends)
    if expires is not None and now >= expires:
        raise refused(f"key {record.id} has expired")
    return _principal(record, expires)


def _principal(record: KeyRecord, expires: float | None) -> Principal:
    return Principal(
        subject=record.id,
        kind="apikey",
        roles=record.roles,
        attributes=record.attributes,
        permissions=record.permissions,
        expires=expires,
    )


def _earlier(one: float | None, other: float | None) -> float | None:
    times = [time for time in (one, other) if time is not None]
    return min(times, default=None)
