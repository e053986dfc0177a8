"""Who may act on something, for a while; and a number by which a late one is found out."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlalchemy import String
from sqlalchemy.orm import Mapped, Session, mapped_column

from penstock.store.database import BIG, Database, Row


class LeaseRow(Row):
    """The row stays when a lease ends: its token must never come again."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String, primary_key=True)
    holder: Mapped[str | None]
    token: Mapped[int] = mapped_column(BIG)
    expires: Mapped[float]


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """`token` grows with each new holder, for ever; `expires` is in epoch seconds, of its clock.

    Nothing is decided by that time alone: clocks of machines differ, and are set.
    """

    name: str
    holder: str
    token: int
    expires: float


@dataclass(frozen=True, slots=True)
class LeaseRepository:
    """Every method is one transaction. All raise StateError."""

    database: Database

    def find(self, name: str) -> Lease | None:
        """Return a lease as its holder wrote it last, None if nobody holds it."""
        with self.database.reading() as session:
            row = session.get(LeaseRow, name)
            return None if row is None else _lease(row)

    def acquire(
        self, name: str, holder: str, seconds: float, now: float, silent: Lease | None = None
    ) -> Lease | None:
        """Take a lease that is free; None while somebody else holds it.

        `silent` is one that was seen unchanged for as long as it lasts: if it still is as it was,
        it is taken. Who holds it already keeps the token, and holds it longer.
        """
        with self.database.writing() as session:
            row = session.get(LeaseRow, name)
            if row is None:
                row = LeaseRow(name=name, holder=None, token=0, expires=0.0)
                session.add(row)
            held = _lease(row)
            if held is not None and held.holder != holder and held != silent:
                return None
            if row.holder != holder:
                row.token += 1
            row.holder, row.expires = holder, now + seconds
            return Lease(name=name, holder=holder, token=row.token, expires=row.expires)

    def renew(self, lease: Lease, seconds: float, now: float) -> Lease | None:
        """Hold it longer; None if it is lost: then nothing more may be done by it."""
        with self.database.writing() as session:
            row = session.get(LeaseRow, lease.name)
            if row is None or not holds(session, lease):
                return None
            row.expires = now + seconds
            return msgspec.structs.replace(lease, expires=row.expires)

    def release(self, lease: Lease) -> None:
        """Give it back; one that is lost already is no error."""
        with self.database.writing() as session:
            row = session.get(LeaseRow, lease.name)
            if row is not None and holds(session, lease):
                row.holder, row.expires = None, 0.0


def holds(session: Session, lease: Lease) -> bool:
    """Whether nobody else took it since: what a write by its token depends on."""
    row = session.get(LeaseRow, lease.name)
    return row is not None and row.holder == lease.holder and row.token == lease.token


def _lease(row: LeaseRow) -> Lease | None:
    if row.holder is None:
        return None
    return Lease(name=row.name, holder=row.holder, token=row.token, expires=row.expires)
