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


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysUnreadable:
    """The key store could not be read; the keys known before stay in force."""

    error: str


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
    | KeysUnreadable
    | Refreshed
)
Observer: TypeAlias = Callable[[Event], None]
