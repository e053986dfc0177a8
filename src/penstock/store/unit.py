"""A look at the state, and a unit of work on it: everything, its audit entry too, or nothing."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import msgspec
from sqlalchemy.orm import Session

from penstock.store.audited import AuditedWrites, UnauditedWriteError
from penstock.store.chain import Entry, append, digest_of
from penstock.store.database import Database
from penstock.store.ids import RANDOM_BYTES, new_id


class ActorKind(StrEnum):
    """LOCAL is whoever may read the state folder; SYSTEM is the manager itself."""

    PERSON = "person"
    ACCOUNT = "account"
    LOCAL = "local"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, from where, in which request."""

    kind: ActorKind
    id: str
    name: str
    address: str = ""
    request: str = ""


SYSTEM: Final = Actor(ActorKind.SYSTEM, "manager", "the manager")
LOCAL: Final = Actor(ActorKind.LOCAL, "local", "whoever holds the state folder")


@dataclass(frozen=True, slots=True)
class Look:
    """One consistent look at the state."""

    session: Session


@dataclass(frozen=True, slots=True)
class Work(Look):
    """A change under way. Whoever writes an audited table must `note` it before the end.

    `now` is in epoch seconds.
    """

    by: Actor
    now: float
    random: Callable[[int], bytes] = secrets.token_bytes
    notes: list[str] = field(default_factory=list)

    def new_id(self, prefix: str) -> str:
        return new_id(prefix, self.random(RANDOM_BYTES))

    def note(self, action: str, resource: Resource, before: object, after: object) -> None:
        """Append an entry: records `before` and `after` go in as digests only; None is nothing.

        A record must not hold the plain text of a secret: a digest of it could be guessed.
        """
        entry = Entry(
            time=self.now,
            actor_kind=self.by.kind.value,
            actor=self.by.id,
            actor_name=self.by.name,
            address=self.by.address,
            request=self.by.request,
            action=action,
            kind=resource.kind,
            resource=resource.id,
            project=resource.project,
            api=resource.api,
            before=digest_of(before),
            after=digest_of(after),
            detail=resource.detail,
        )
        append(self.session, entry)
        self.notes.append(action)

    @property
    def noted(self) -> bool:
        return bool(self.notes)


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry is about, and whose it is; `detail` is a few words without secrets."""

    kind: str
    id: str
    project: str | None = None
    api: str | None = None
    detail: str = ""


@contextmanager
def looking(database: Database) -> Iterator[Look]:
    """Give one consistent look. Raises StateError."""
    with database.reading() as session:
        yield Look(session)


@contextmanager
def working(
    database: Database,
    by: Actor,
    now: float,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> Iterator[Work]:
    """Give a unit of work that is committed at the end, alone in its turn.

    Raises StateError and StorageFullError; UnauditedWriteError is a fault of the program.
    """
    writes = AuditedWrites()
    with database.writing(writes) as session:
        work = Work(session, by, now, random)
        yield work
        session.flush()
        if writes.tables and not work.noted:
            raise UnauditedWriteError(f"{sorted(writes.tables)} written without an audit entry")
    database.bell.ring()
