"""People and service accounts: who may ask the manager for something."""

from __future__ import annotations

from enum import StrEnum

import msgspec
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from penstock.errors import ConflictError, NotFoundError
from penstock.store.audited import Audited
from penstock.store.database import Row
from penstock.store.paging import Page, Span, paged, spanned
from penstock.store.unit import Look, Resource, Work


class SubjectKind(StrEnum):
    """A person may have a password; a service account has tokens only."""

    PERSON = "person"
    ACCOUNT = "account"


class SubjectRow(Row, Audited):
    __tablename__ = "subjects"

    id: Mapped[str] = mapped_column(String, primary_key=True)
    kind: Mapped[str]
    name: Mapped[str] = mapped_column(String, unique=True)
    title: Mapped[str]
    disabled: Mapped[bool]
    password: Mapped[str | None]
    created: Mapped[float]
    changed: Mapped[float]


class SubjectRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`name` is what one logs in with; times are in epoch seconds."""

    id: str
    kind: SubjectKind
    name: str
    title: str
    disabled: bool
    has_password: bool
    created: float
    changed: float


class SubjectDraft(msgspec.Struct, frozen=True, kw_only=True):
    """`password` is an argon2id hash, never the password."""

    kind: SubjectKind
    name: str
    title: str = ""
    password: str | None = None


def create(work: Work, draft: SubjectDraft) -> SubjectRecord:
    """Raise ConflictError for a name that is taken, by a person or an account."""
    taken = select(SubjectRow.id).where(SubjectRow.name == draft.name)
    if work.session.scalar(taken) is not None:
        raise ConflictError(f"The name {draft.name!r} is taken.", pointer="/name")
    prefix = "per_" if draft.kind is SubjectKind.PERSON else "acc_"
    row = SubjectRow(
        id=work.new_id(prefix),
        kind=draft.kind.value,
        name=draft.name,
        title=draft.title,
        disabled=False,
        password=draft.password,
        created=work.now,
        changed=work.now,
    )
    work.session.add(row)
    record = _record(row)
    work.note(_action(record, "create"), _resource(record), None, record)
    return record


def get(look: Look, subject: str, kind: SubjectKind | None = None) -> SubjectRecord:
    """Raise NotFoundError for an id of nobody, or of another kind."""
    return _record(_row(look, subject, kind))


def find(look: Look, name: str) -> SubjectRecord | None:
    """Return who is called so, person or account; None where nobody is."""
    row = look.session.scalar(select(SubjectRow).where(SubjectRow.name == name))
    return None if row is None else _record(row)


def login_of(look: Look, name: str) -> tuple[SubjectRecord, str] | None:
    """Return a person who may log in and the hash of the password; None for all others."""
    row = look.session.scalar(select(SubjectRow).where(SubjectRow.name == name))
    if row is None or row.password is None or row.disabled:
        return None
    return _record(row), row.password


def page(look: Look, span: Span, kind: SubjectKind) -> Page[SubjectRecord]:
    query = select(SubjectRow).where(SubjectRow.kind == kind.value)
    rows = look.session.scalars(spanned(query, SubjectRow.created, SubjectRow.id, span))
    return paged([_record(row) for row in rows], span, lambda one: (one.created, one.id))


def update(
    work: Work, subject: str, *, title: str | None = None, disabled: bool | None = None
) -> SubjectRecord:
    """Change what is not None; whoever is disabled is refused from the next request on."""
    row = _row(work, subject)
    before = _record(row)
    row.title = row.title if title is None else title
    row.disabled = row.disabled if disabled is None else disabled
    return _changed(work, row, before, "update")


def set_password(work: Work, subject: str, password: str) -> SubjectRecord:
    """Keep the argon2id hash of a person's new password."""
    row = _row(work, subject, SubjectKind.PERSON)
    before = _record(row)
    row.password = password
    return _changed(work, row, before, "password")


def forget(work: Work, subject: str) -> None:
    """Remove the row of somebody. See `removal.remove_subject`."""
    row = _row(work, subject)
    before = _record(row)
    work.session.delete(row)
    work.note(_action(before, "delete"), _resource(before), before, None)


def _changed(work: Work, row: SubjectRow, before: SubjectRecord, verb: str) -> SubjectRecord:
    row.changed = work.now
    after = _record(row)
    work.note(_action(after, verb), _resource(after), before, after)
    return after


def _row(look: Look, subject: str, kind: SubjectKind | None = None) -> SubjectRow:
    row = look.session.get(SubjectRow, subject)
    if row is None or (kind is not None and row.kind != kind.value):
        word = "account" if kind is SubjectKind.ACCOUNT else "person"
        raise NotFoundError(f"There is no {word} {subject!r}.")
    return row


def _action(record: SubjectRecord, verb: str) -> str:
    area = "people" if record.kind is SubjectKind.PERSON else "accounts"
    return f"people:{area}:{verb}"


def _record(row: SubjectRow) -> SubjectRecord:
    return SubjectRecord(
        id=row.id,
        kind=SubjectKind(row.kind),
        name=row.name,
        title=row.title,
        disabled=row.disabled,
        has_password=row.password is not None,
        created=row.created,
        changed=row.changed,
    )


def _resource(record: SubjectRecord) -> Resource:
    return Resource(kind=record.kind.value, id=record.id, detail=record.name)
