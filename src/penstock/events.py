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

    `cache` is hit, miss or bypass; `route` is one of the few kinds of path there are; `credential`
    is the kind of what `subject` showed.
    """

    method: str
    path: str
    route: str
    status: int
    seconds: float
    bytes: int
    rows: int | None = None
    subject: str | None = None
    credential: str | None = None
    cache: str | None = None
    table: str | None = None
    saved_query: str | None = None
    code: str | None = None
    trace: str | None = None
    stages: Mapping[str, float] = {}


class Interrupted(Notice, frozen=True, kw_only=True):
    """An answer that could not be sent whole: the caller left, or the database failed midway.

    `status` is 0 where none was sent.
    """

    method: str
    path: str
    route: str
    status: int
    reason: str
    seconds: float
    bytes: int
    rows: int | None = None
    subject: str | None = None
    credential: str | None = None
    cache: str | None = None
    table: str | None = None
    saved_query: str | None = None
    code: str | None = None
    trace: str | None = None
    stages: Mapping[str, float] = {}


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
    """Row counts were taken anew and the cache was emptied; `warnings` are those of `/readyz`."""

    entries: int
    rows: Mapping[str, int]
    warnings: Mapping[str, str] = {}


class RefreshFailed(Notice, frozen=True, kw_only=True):
    """The tables could not be counted as scheduled; the counts of before stay in force."""

    reason: str


class DeploymentProgress(Notice, frozen=True, kw_only=True):
    """A deployment went a step on, or one of its nodes did."""

    api: str
    environment: str
    deployment: str
    phase: str | None = None
    node: str | None = None
    detail: str = ""


class DeploymentAlert(Notice, frozen=True, kw_only=True):
    """A deployment, or one of its nodes, went wrong: somebody should have a look."""

    api: str
    environment: str
    deployment: str
    phase: str | None = None
    node: str | None = None
    detail: str = ""


class Controlling(Notice, frozen=True):
    """The manager acts upon nodes and gateway from now on, or no longer does."""

    acts: bool
    holder: str


class Unready(Notice, frozen=True, kw_only=True):
    """A node does not answer queries yet, or a manager cannot work, and why; it goes on trying."""

    problems: Mapping[str, str]


class Ready(Notice, frozen=True, kw_only=True):
    """The databases were reached and the probes passed: it answers from now on."""

    seconds: float


class SnapshotTaken(Notice, frozen=True, kw_only=True):
    """What the manager says is in force, or what it said last, from disk."""

    sequence: int
    keys: int
    origin: str


class SnapshotRefused(Notice, frozen=True, kw_only=True):
    """What came as a snapshot is none for this node; the one of before stays in force."""

    origin: str
    reason: str


class SnapshotUnwritten(Notice, frozen=True, kw_only=True):
    """The snapshot is in force but not on disk: it is tried again."""

    reason: str


class ManagerLost(Notice, frozen=True, kw_only=True):
    """The manager does not answer: keys that are revoked now go on working."""

    reason: str


class ManagerFound(Notice, frozen=True):
    """The manager answers again."""


class SignalsLost(Notice, frozen=True, kw_only=True):
    """Redis does not answer: what other managers write is noticed when it is time to look."""

    reason: str


class SignalsFound(Notice, frozen=True):
    """Redis answers: what other managers write is noticed at once."""


class UsageUnwritten(Notice, frozen=True, kw_only=True):
    """Usage events cannot be written to disk: they are in memory only."""

    reason: str


class UsageWritten(Notice, frozen=True):
    """Usage events are on disk again."""


class UsageLost(Notice, frozen=True, kw_only=True):
    """Neither the disk nor the memory had room for usage events."""

    events: int
    reason: str


class LogLost(Notice, frozen=True, kw_only=True):
    """Lines of this log are missing: there was no room for them, or nobody took them."""

    lines: int


class UsageDamaged(Notice, frozen=True, kw_only=True):
    """Lines of a usage file that cannot be read, by a loss of power for instance."""

    file: str
    lines: int
    reason: str


class UsageRefused(Notice, frozen=True, kw_only=True):
    """The manager will never take these usage events: they are set aside on disk."""

    events: int
    reason: str


class UsageKept(Notice, frozen=True, kw_only=True):
    """The node stops with usage events on disk, and maybe in memory, that nobody took yet."""

    bytes: int
    held: int


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
    | DeploymentProgress
    | DeploymentAlert
    | Controlling
    | Unready
    | Ready
    | SnapshotTaken
    | SnapshotRefused
    | SnapshotUnwritten
    | ManagerLost
    | ManagerFound
    | SignalsLost
    | SignalsFound
    | UsageUnwritten
    | UsageWritten
    | UsageLost
    | LogLost
    | UsageDamaged
    | UsageRefused
    | UsageKept
)
Observer: TypeAlias = Callable[[Event], None]
