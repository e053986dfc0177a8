"""Usage events of nodes, each stored once however often it is delivered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Executable, LargeBinary, String, case, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from penstock.store import postgres
from penstock.store.apis import ApiRow
from penstock.store.database import BIG, Database, Row
from penstock.store.paging import Reach
from penstock.store.unit import Look
from penstock.usage.event import UsageEvent

_SERVER_ERROR = 500


class UsageRow(Row):
    __tablename__ = "usage_events"

    id: Mapped[str] = mapped_column(String, primary_key=True)
    time: Mapped[float] = mapped_column(index=True)
    api: Mapped[str] = mapped_column(String, index=True)
    environment: Mapped[str]
    node: Mapped[str]
    version: Mapped[str]
    subject: Mapped[str]
    status: Mapped[int]
    rows: Mapped[int] = mapped_column(BIG)
    size: Mapped[int] = mapped_column(BIG)
    document: Mapped[bytes] = mapped_column(LargeBinary)


class StoredUsage(msgspec.Struct, frozen=True, kw_only=True):
    """One request that a node answered; `size` is the answer's, in bytes.

    `document` is the event as the node wrote it, in JSON.
    """

    id: str
    time: float
    api: str
    environment: str
    node: str
    version: str = ""
    subject: str = ""
    status: int = 0
    rows: int = 0
    size: int = 0
    document: bytes = b"{}"


class UsageCount(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked of one version of an API in one environment; `size` is in bytes."""

    api: str
    environment: str
    version: str
    requests: int
    errors: int
    rows: int
    size: int


class UsageFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Times are in epoch seconds; `until` is not part of it."""

    api: str | None = None
    since: float | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True)
class UsageRepository:
    """Every method is one transaction. All raise StateError, StorageFullError."""

    database: Database

    def store(self, events: Sequence[StoredUsage]) -> int:
        """Keep events, all or none; return how many were new: one that is known is left alone."""
        if not events:
            return 0
        rows = [msgspec.structs.asdict(event) for event in events]
        with self.database.writing() as session:
            # Compiled once: a statement that holds the values takes seventeen times as long.
            return session.connection().execute(self._insert(), rows).rowcount

    def take(self, events: Sequence[UsageEvent]) -> int:
        """Keep what nodes counted, as `store` does."""
        return self.store([stored_usage(event) for event in events])

    def _insert(self) -> Executable:
        postgresql_ = self.database.engine.dialect.name == postgres.NAME
        insert = postgresql.insert(UsageRow) if postgresql_ else sqlite.insert(UsageRow)
        return insert.on_conflict_do_nothing().execution_options(preserve_rowcount=True)


def stored_usage(event: UsageEvent) -> StoredUsage:
    """Return an event as it is kept."""
    source = event.source
    return StoredUsage(
        id=event.id,
        time=event.time,
        api=source.api,
        environment=source.environment,
        node=source.node,
        version=source.version,
        subject=event.subject or "",
        status=event.status,
        rows=event.rows or 0,
        size=event.bytes,
        document=msgspec.json.encode(event),
    )


def counted(look: Look, reach: Reach, wanted: UsageFilter) -> tuple[UsageCount, ...]:
    """Return the sums of what is in reach, by API, environment and version."""
    groups = (UsageRow.api, UsageRow.environment, UsageRow.version)
    errors = func.sum(case((UsageRow.status >= _SERVER_ERROR, 1), else_=0))
    sums = (func.count(), errors, func.sum(UsageRow.rows), func.sum(UsageRow.size))
    query = select(*groups, *sums).outerjoin(ApiRow, ApiRow.id == UsageRow.api)
    query = query.where(reach.holds(ApiRow.project, UsageRow.api))
    if wanted.api is not None:
        query = query.where(UsageRow.api == wanted.api)
    if wanted.since is not None:
        query = query.where(UsageRow.time >= wanted.since)
    if wanted.until is not None:
        query = query.where(UsageRow.time < wanted.until)
    found = look.session.execute(query.group_by(*groups).order_by(*groups))
    return tuple(
        UsageCount(
            api=api,
            environment=environment,
            version=version,
            requests=requests,
            errors=int(errors),
            rows=int(rows),
            size=int(size),
        )
        for api, environment, version, requests, errors, rows, size in found
    )
