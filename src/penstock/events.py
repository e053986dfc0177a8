"""Everything a node notices. Logs and metrics are readers of these; a secret never is part of one.

Times are in seconds, sizes in bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import msgspec


class Notice(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="event", tag=True):
    """Base of all of them: cheap to make and to write down, since every request makes one."""


class Answered(Notice, frozen=True, kw_only=True):
    """A request that was answered whole, well or not.

    `cache` is hit, miss or bypass; `route` is one of the few kinds of path there are.
    """

    method: str
    path: str
    route: str
    status: int
    seconds: float
    bytes: int
    rows: int | None = None
    subject: str | None = None
    cache: str | None = None
    table: str | None = None
    saved_query: str | None = None
    code: str | None = None
    trace: str | None = None
    stages: Mapping[str, float] = {}


class Interrupted(Notice, frozen=True, kw_only=True):
    """An answer that could not be sent whole: the caller left, or the database failed midway."""

    method: str
    path: str
    reason: str
    seconds: float
    bytes: int
    subject: str | None = None
    trace: str | None = None


class Failed(Notice, frozen=True, kw_only=True):
    """Something that should not happen happened: for the operator's eyes only."""

    path: str
    error: str
    trace: str | None = None


class Started(Notice, frozen=True, kw_only=True):
    address: str
    project: str
    digest: str


class Stopping(Notice, frozen=True, kw_only=True):
    project: str


class Reloaded(Notice, frozen=True, kw_only=True):
    """The project folder changed, and what it says now is in force."""

    project: str
    digest: str


class ReloadRefused(Notice, frozen=True, kw_only=True):
    """The project folder changed into something wrong; what it said before stays in force."""

    issues: tuple[str, ...]


class KeysChanged(Notice, frozen=True):
    """Other API keys are in force."""

    keys: int


class KeysUnreadable(Notice, frozen=True, kw_only=True):
    """The key store cannot be read: the keys known before stay in force, revocations are missed."""

    error: str


class KeysReadable(Notice, frozen=True):
    """The key store can be read again."""


class LastUsedUnwritten(Notice, frozen=True):
    """When keys were last used could not be written; it is tried again."""

    reason: str


class IssuerKeysFetched(Notice, frozen=True):
    """A token issuer's keys were read and had changed."""

    place: str
    keys: int


class IssuerKeysUnavailable(Notice, frozen=True):
    """They could not be read; what was read before stays in force."""

    place: str
    reason: str


class Refreshed(Notice, frozen=True, kw_only=True):
    """Row counts were taken anew and the cache was emptied."""

    entries: int
    rows: Mapping[str, int]


class RefreshFailed(Notice, frozen=True, kw_only=True):
    """The tables could not be counted as scheduled; the counts of before stay in force."""

    reason: str


Event: TypeAlias = (
    Answered
    | Interrupted
    | Failed
    | Started
    | Stopping
    | Reloaded
    | ReloadRefused
    | KeysChanged
    | KeysUnreadable
    | KeysReadable
    | LastUsedUnwritten
    | IssuerKeysFetched
    | IssuerKeysUnavailable
    | Refreshed
    | RefreshFailed
)
Observer: TypeAlias = Callable[[Event], None]
