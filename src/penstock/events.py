"""Everything a node notices. Logs and metrics are readers of these; a secret never is part of one.

Times are in seconds, sizes in bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
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
    stages: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted:
    """An answer that could not be sent whole: the caller left, or the database failed midway."""

    method: str
    path: str
    reason: str
    seconds: float
    bytes: int
    subject: str | None = None
    trace: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Something that should not happen happened: for the operator's eyes only."""

    path: str
    error: str
    trace: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    address: str
    project: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping:
    project: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """The project folder changed, and what it says now is in force."""

    project: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadRefused:
    """The project folder changed into something wrong; what it said before stays in force."""

    issues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeysChanged:
    """Other API keys are in force."""

    keys: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysUnreadable:
    """The key store cannot be read: the keys known before stay in force, revocations are missed."""

    error: str


@dataclass(frozen=True, slots=True)
class KeysReadable:
    """The key store can be read again."""


@dataclass(frozen=True, slots=True)
class LastUsedUnwritten:
    """When keys were last used could not be written; it is tried again."""

    reason: str


@dataclass(frozen=True, slots=True)
class IssuerKeysFetched:
    """A token issuer's keys were read and had changed."""

    place: str
    keys: int


@dataclass(frozen=True, slots=True)
class IssuerKeysUnavailable:
    """They could not be read; what was read before stays in force."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """Row counts were taken anew and the cache was emptied."""

    entries: int
    rows: Mapping[str, int]


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
)
Observer: TypeAlias = Callable[[Event], None]
