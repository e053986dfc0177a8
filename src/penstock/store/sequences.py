"""How often what the nodes of an API know has changed: a number that only grows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from penstock.store.database import BIG, Database, Row

EVERY: Final = ""  # stands for all APIs
_AHEAD: Final = 86_400_000  # milliseconds that a node may be ahead of us and be believed


class SequenceRow(Row):
    __tablename__ = "snapshot_sequences"

    api: Mapped[str] = mapped_column(String, primary_key=True)
    value: Mapped[int] = mapped_column(BIG)


@dataclass(frozen=True, slots=True)
class SequenceRepository:
    """Every method is one transaction. All raise StateError."""

    database: Database

    def of(self, api: str) -> int:
        """Return the sequence of an API's snapshot; 0 if nothing ever changed."""
        with self.database.reading() as session:
            return sequence_of(session, api)

    def all(self) -> Mapping[str, int]:
        """Return every sequence that was ever counted, by API; '' is of all of them."""
        with self.database.reading() as session:
            rows = session.execute(select(SequenceRow.api, SequenceRow.value)).all()
        return dict(row.tuple() for row in rows)

    def overtake(self, api: str, seen: int, now: float) -> int:
        """Go beyond what a node has seen, which is ahead of us after a backup was put back.

        A node that claims to be days ahead is not believed.
        """
        with self.database.writing() as session:
            if sequence_of(session, api) < seen < int(now * 1000) + _AHEAD:
                _write(session, api, max(seen + 1, int(now * 1000)))
            found = sequence_of(session, api)
        self.database.bell.ring()
        return found


def sequence_of(session: Session, api: str) -> int:
    query = select(func.max(SequenceRow.value)).where(SequenceRow.api.in_([api, EVERY]))
    return session.scalar(query) or 0


def advance(session: Session, api: str | None, now: float) -> None:
    """Count a change to what nodes know, of one API or of all, in the caller's transaction.

    The number is the time in milliseconds where that is larger: also after a backup was put back
    the next change is newer than all that nodes have seen.
    """
    largest = session.scalar(select(func.max(SequenceRow.value))) or 0
    _write(session, api or EVERY, max(largest + 1, int(now * 1000)))


def _write(session: Session, api: str, value: int) -> None:
    session.merge(SequenceRow(api=api, value=value))
    session.flush()
