"""The audit log: entries, each with the hash of the one before it, that nobody can change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

import msgspec
from sqlalchemy import String, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from penstock.store.database import BIG, Row

NOTHING: Final = "0" * 64  # what the first entry has for the hash of the one before it
_BATCH: Final = 1000


class AuditRow(Row):
    __tablename__ = "audit_log"

    sequence: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=False)
    time: Mapped[float]
    actor_kind: Mapped[str]
    actor: Mapped[str] = mapped_column(String, index=True)
    actor_name: Mapped[str]
    address: Mapped[str]
    request: Mapped[str]
    action: Mapped[str]
    kind: Mapped[str]
    resource: Mapped[str] = mapped_column(String, index=True)
    project: Mapped[str | None] = mapped_column(String, index=True)
    api: Mapped[str | None] = mapped_column(String, index=True)
    before: Mapped[str | None]
    after: Mapped[str | None]
    detail: Mapped[str]
    previous: Mapped[str]
    hash: Mapped[str]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody did. `before` and `after` are SHA-256 digests of the record's canonical JSON.

    `action` is the permission that was needed; time is in epoch seconds.
    """

    time: float
    actor_kind: str
    actor: str
    actor_name: str
    address: str
    request: str
    action: str
    kind: str
    resource: str
    project: str | None
    api: str | None
    before: str | None
    after: str | None
    detail: str


class ChainedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry in its place: `hash` is SHA-256 of what `hash_of` takes."""

    sequence: int
    previous: str
    hash: str
    entry: Entry


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """How far the chain holds. `broken` is the first sequence that is missing or was changed."""

    entries: int
    head: str
    broken: int | None = None
    reason: str = ""


_canonical = msgspec.json.Encoder(order="sorted").encode


def digest_of(record: object) -> str | None:
    """Return SHA-256 of a record's canonical JSON (sorted keys, no spaces), None for None."""
    return None if record is None else hashlib.sha256(_canonical(record)).hexdigest()


def hash_of(previous: str, sequence: int, entry: Entry) -> str:
    """Return SHA-256 of three lines: `previous`, sequence, the entry's canonical JSON."""
    text = b"%s\n%d\n%s" % (previous.encode(), sequence, _canonical(entry))
    return hashlib.sha256(text).hexdigest()


def append(session: Session, entry: Entry) -> int:
    """Write an entry at the end; the caller's transaction has the writer's turn."""
    last = session.execute(
        select(AuditRow.sequence, AuditRow.hash).order_by(AuditRow.sequence.desc()).limit(1)
    ).first()
    sequence, previous = (last[0] + 1, last[1]) if last else (1, NOTHING)
    values = msgspec.structs.asdict(entry)
    session.execute(
        insert(AuditRow).values(
            **values,
            sequence=sequence,
            previous=previous,
            hash=hash_of(previous, sequence, entry),
        )
    )
    return sequence


def entries(session: Session, after: int = 0) -> Iterator[ChainedEntry]:
    """Yield every entry after a sequence, in order, in bounded memory."""
    while True:
        query = select(AuditRow).where(AuditRow.sequence > after).order_by(AuditRow.sequence)
        found = [chained(row) for row in session.scalars(query.limit(_BATCH))]
        session.expunge_all()
        yield from found
        if len(found) < _BATCH:
            return
        after = found[-1].sequence


def verify(session: Session, anchor: tuple[int, str] | None = None) -> Verdict:
    """Find the first entry that was changed, removed or put in.

    `anchor` is the sequence and the hash of an entry as once exported: a log that was cut off at
    its end, or written anew as a whole, no longer holds it.
    """
    previous, count = NOTHING, 0
    for found in entries(session):
        count += 1
        reason = _flaw(found, count, previous, anchor)
        if reason is not None:
            return Verdict(entries=count, head=previous, broken=count, reason=reason)
        previous = found.hash
    if anchor is not None and anchor[0] > count:
        return Verdict(entries=count, head=previous, broken=count + 1, reason="the end was cut off")
    return Verdict(entries=count, head=previous)


def _flaw(
    found: ChainedEntry, expected: int, previous: str, anchor: tuple[int, str] | None
) -> str | None:
    if found.sequence != expected:
        return "an entry is missing"
    if found.previous != previous:
        return "it does not follow the one before it"
    if found.hash != hash_of(previous, found.sequence, found.entry):
        return "it was changed"
    if anchor == (expected, found.hash) or anchor is None or anchor[0] != expected:
        return None
    return "it is not the one that was once exported"


def size(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(AuditRow)) or 0


def chained(row: AuditRow) -> ChainedEntry:
    fields = {name: getattr(row, name) for name in Entry.__struct_fields__}
    return ChainedEntry(
        sequence=row.sequence, previous=row.previous, hash=row.hash, entry=Entry(**fields)
    )
