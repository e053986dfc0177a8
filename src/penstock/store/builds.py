"""Builds of versions, and what they print while they run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec
from sqlalchemy import String, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from penstock.errors import ConflictError, NotFoundError
from penstock.store import versions
from penstock.store.apis import ApiRow
from penstock.store.audited import Audited
from penstock.store.database import Database, Row
from penstock.store.paging import Page, Reach, Span, newest, paged
from penstock.store.unit import Look, Resource, Work

LONGEST_LINE = 4000


class BuildStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        return self in {BuildStatus.SUCCEEDED, BuildStatus.FAILED}


class BuildRow(Row, Audited):
    __tablename__ = "builds"

    id: Mapped[str] = mapped_column(String, primary_key=True)
    version: Mapped[str] = mapped_column(String, index=True)
    api: Mapped[str] = mapped_column(String, index=True)
    status: Mapped[str] = mapped_column(String, index=True)
    digest: Mapped[str | None]
    error: Mapped[str | None]
    created: Mapped[float]
    started: Mapped[float | None]
    finished: Mapped[float | None]


class LineRow(Row):
    __tablename__ = "build_lines"

    build: Mapped[str] = mapped_column(String, primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    time: Mapped[float]
    text: Mapped[str]


class BuildRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`digest` is that of the artifact it made; times are in epoch seconds."""

    id: str
    version: str
    api: str
    status: BuildStatus
    digest: str | None
    error: str | None
    created: float
    started: float | None
    finished: float | None


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """What was printed, in order from 1."""

    sequence: int
    time: float
    text: str


class BuildFilter(msgspec.Struct, frozen=True, kw_only=True):
    version: str | None = None
    api: str | None = None
    status: BuildStatus | None = None


def create(work: Work, version: str) -> BuildRecord:
    """Queue a build. Raises ConflictError for a version without files, or being built."""
    found = versions.get(work, version)
    if found.content is None:
        raise without_files(found.name)
    ended = [status.value for status in BuildStatus if status.ended]
    running = select(BuildRow.id).where(BuildRow.version == version, ~BuildRow.status.in_(ended))
    other = work.session.scalar(running)
    if other is not None:
        raise ConflictError(f"Version {found.name!r} is being built already, as {other}.")
    row = BuildRow(
        id=work.new_id("bld_"),
        version=version,
        api=found.api,
        status=BuildStatus.QUEUED.value,
        created=work.now,
    )
    work.session.add(row)
    record = _record(row)
    work.note("build:builds:create", _resource(record, found.project), None, record)
    return record


def without_files(version: str) -> ConflictError:
    """Return what is said of a version that there is nothing to build of."""
    return ConflictError(
        f"Version {version!r} has no files yet.",
        hint="Synchronise it from a folder, a ZIP or a Git repository first.",
    )


def get(look: Look, build: str) -> BuildRecord:
    """Raise NotFoundError for an id that no build has."""
    return _record(_row(look, build))


def unfinished(look: Look) -> tuple[BuildRecord, ...]:
    """Return what is queued or running, the oldest first."""
    ended = [status.value for status in BuildStatus if status.ended]
    query = select(BuildRow).where(~BuildRow.status.in_(ended))
    rows = look.session.scalars(query.order_by(BuildRow.created, BuildRow.id))
    return tuple(_record(row) for row in rows)


def page(look: Look, reach: Reach, span: Span, wanted: BuildFilter) -> Page[BuildRecord]:
    query = select(BuildRow).outerjoin(ApiRow, ApiRow.id == BuildRow.api)
    query = query.where(reach.holds(ApiRow.project, BuildRow.api))
    if wanted.version is not None:
        query = query.where(BuildRow.version == wanted.version)
    if wanted.api is not None:
        query = query.where(BuildRow.api == wanted.api)
    if wanted.status is not None:
        query = query.where(BuildRow.status == wanted.status.value)
    rows = look.session.scalars(newest(query, BuildRow.created, BuildRow.id, span))
    return paged([_record(row) for row in rows], span, lambda one: (one.created, one.id))


def begin(work: Work, build: str) -> BuildRecord:
    """Note that it runs. Raises ConflictError if it has ended."""
    row = _row(work, build)
    before = _open(row)
    row.status, row.started = BuildStatus.RUNNING.value, work.now
    return _changed(work, row, before, "build:builds:begin")


def finish(
    work: Work, build: str, *, digest: str | None = None, error: str | None = None
) -> BuildRecord:
    """Note how it ended: with an artifact, which its version then has, or with an error.

    Raises ConflictError if it has ended.
    """
    row = _row(work, build)
    before = _open(row)
    row.status = (BuildStatus.FAILED if digest is None else BuildStatus.SUCCEEDED).value
    row.digest, row.error, row.finished = digest, error, work.now
    if digest is not None:
        versions.built(work, row.version, digest)
    return _changed(work, row, before, "build:builds:finish")


@dataclass(frozen=True, slots=True)
class BuildLogRepository:
    """What builds print. Every method is one transaction and raises StateError."""

    database: Database

    def append(self, build: str, lines: Sequence[str], now: float) -> None:
        """Write lines at the end; give several at once, a build prints many."""
        if not lines:
            return
        with self.database.writing() as session:
            last = session.scalar(select(func.max(LineRow.sequence)).where(LineRow.build == build))
            first = (last or 0) + 1
            rows = [
                {"build": build, "sequence": first + i, "time": now, "text": _plain(line)}
                for i, line in enumerate(lines)
            ]
            session.execute(insert(LineRow), rows)
        self.database.bell.ring()

    def lines(self, build: str, after: int, limit: int) -> tuple[LogLine, ...]:
        """Return up to `limit` lines after a sequence number; 0 is the beginning."""
        with self.database.reading() as session:
            query = select(LineRow).where(LineRow.build == build, LineRow.sequence > after)
            rows = session.scalars(query.order_by(LineRow.sequence).limit(limit))
            return tuple(
                LogLine(sequence=row.sequence, time=row.time, text=row.text) for row in rows
            )


def _plain(line: str) -> str:
    """Return a line that a terminal and PostgreSQL take: no control signs, not endless."""
    return "".join(sign for sign in line[:LONGEST_LINE] if sign.isprintable() or sign == "\t")


def _row(look: Look, build: str) -> BuildRow:
    row = look.session.get(BuildRow, build)
    if row is None:
        raise NotFoundError(f"There is no build {build!r}.")
    return row


def _open(row: BuildRow) -> BuildRecord:
    record = _record(row)
    if record.status.ended:
        raise ConflictError(f"Build {row.id} has ended: {record.status}.")
    return record


def _changed(work: Work, row: BuildRow, before: BuildRecord, action: str) -> BuildRecord:
    after = _record(row)
    api = work.session.get(ApiRow, row.api)
    work.note(action, _resource(after, api.project if api else None), before, after)
    return after


def _record(row: BuildRow) -> BuildRecord:
    return BuildRecord(
        id=row.id,
        version=row.version,
        api=row.api,
        status=BuildStatus(row.status),
        digest=row.digest,
        error=row.error,
        created=row.created,
        started=row.started,
        finished=row.finished,
    )


def _resource(record: BuildRecord, project: str | None) -> Resource:
    return Resource(kind="build", id=record.id, project=project, api=record.api)
