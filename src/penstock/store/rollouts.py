"""What is decided about each place, with its journal; a late writer changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import LargeBinary, String, delete, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from penstock.deploy.types import Place
from penstock.errors import ChangedError, ConflictError
from penstock.store.database import Database, Row
from penstock.store.leases import Lease, holds
from penstock.store.versions import HeldRow


class RolloutRow(Row):
    __tablename__ = "rollouts"

    api: Mapped[str] = mapped_column(String, primary_key=True)
    environment: Mapped[str] = mapped_column(String, primary_key=True)
    document: Mapped[bytes] = mapped_column(LargeBinary)
    revision: Mapped[int]


class JournalRow(Row):
    __tablename__ = "rollout_journal"

    api: Mapped[str] = mapped_column(String, primary_key=True)
    environment: Mapped[str] = mapped_column(String, primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    time: Mapped[float]
    entry: Mapped[bytes] = mapped_column(LargeBinary)


class StoredRollout(msgspec.Struct, frozen=True, kw_only=True):
    """`document` is JSON; `revision` counts from 1."""

    place: Place
    document: bytes
    revision: int


class JournalEntry(msgspec.Struct, frozen=True, kw_only=True):
    """`entry` is a JSON object; `sequence` counts from 1 within the place; time in epoch s."""

    sequence: int
    time: float
    entry: bytes


class RolloutChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written together.

    `expected` is the revision that it was decided on, 0 for none yet. With a `lease`, it is only
    written while that is held. `versions` are the ids of what its colours run or keep warm.
    """

    document: bytes
    expected: int
    now: float
    lease: Lease | None = None
    journal: Sequence[bytes] = ()
    versions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RolloutRepository:
    """Every method is one transaction. All raise StateError."""

    database: Database

    def load(self, place: Place) -> StoredRollout | None:
        with self.database.reading() as session:
            row = session.get(RolloutRow, (place.api, place.environment))
            return None if row is None else _stored(row)

    def list(self) -> tuple[StoredRollout, ...]:
        with self.database.reading() as session:
            query = select(RolloutRow).order_by(RolloutRow.api, RolloutRow.environment)
            return tuple(_stored(row) for row in session.scalars(query))

    def save(self, place: Place, change: RolloutChange) -> int:
        """Write what was decided, and return its revision.

        Raises ChangedError if somebody else decided meanwhile, ConflictError if the lease is lost.
        """
        with self.database.writing() as session:
            if change.lease is not None and not holds(session, change.lease):
                raise ConflictError("Another manager acts on this now.")
            row = session.get(RolloutRow, (place.api, place.environment))
            if (row.revision if row else 0) != change.expected:
                raise ChangedError("What was decided here has changed meanwhile.")
            if row is None:
                row = RolloutRow(api=place.api, environment=place.environment)
                session.add(row)
            row.document, row.revision = change.document, change.expected + 1
            _write_journal(session, place, change)
            _write_held(session, place, change.versions)
            revision = row.revision
        self.database.bell.ring()
        return revision

    def journal(self, place: Place, after: int, limit: int) -> tuple[JournalEntry, ...]:
        """Return up to `limit` entries after a sequence number; 0 is the beginning."""
        with self.database.reading() as session:
            query = select(JournalRow).where(
                JournalRow.api == place.api,
                JournalRow.environment == place.environment,
                JournalRow.sequence > after,
            )
            rows = session.scalars(query.order_by(JournalRow.sequence).limit(limit))
            return tuple(
                JournalEntry(sequence=row.sequence, time=row.time, entry=row.entry) for row in rows
            )

    def remove(self, place: Place, expected: int) -> None:
        """Forget a place; its journal stays. Raises ChangedError."""
        with self.database.writing() as session:
            row = session.get(RolloutRow, (place.api, place.environment))
            if (row.revision if row else 0) != expected:
                raise ChangedError("What was decided here has changed meanwhile.")
            if row is not None:
                session.delete(row)
            _write_held(session, place, frozenset())
        self.database.bell.ring()


def _write_journal(session: Session, place: Place, change: RolloutChange) -> None:
    if not change.journal:
        return
    last = session.scalar(
        select(func.max(JournalRow.sequence)).where(
            JournalRow.api == place.api, JournalRow.environment == place.environment
        )
    )
    rows = [
        {
            "api": place.api,
            "environment": place.environment,
            "sequence": (last or 0) + 1 + i,
            "time": change.now,
            "entry": entry,
        }
        for i, entry in enumerate(change.journal)
    ]
    session.execute(insert(JournalRow), rows)


def _write_held(session: Session, place: Place, versions: frozenset[str]) -> None:
    at = (HeldRow.api == place.api, HeldRow.environment == place.environment)
    if frozenset(session.scalars(select(HeldRow.version).where(*at))) == versions:
        return
    session.execute(delete(HeldRow).where(*at))
    for version in sorted(versions):
        session.add(HeldRow(api=place.api, environment=place.environment, version=version))


def _stored(row: RolloutRow) -> StoredRollout:
    return StoredRollout(
        place=Place(row.api, row.environment), document=row.document, revision=row.revision
    )
