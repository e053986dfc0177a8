"""Who has which role, and where: everywhere, in a project, or for one API."""

from __future__ import annotations

import msgspec
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from penstock.errors import ConflictError, NotFoundError
from penstock.store import subjects
from penstock.store.audited import Audited
from penstock.store.database import Row
from penstock.store.grants import Scope
from penstock.store.paging import Page, Span, paged, spanned
from penstock.store.unit import Look, Resource, Work


class BindingRow(Row, Audited):
    __tablename__ = "bindings"

    id: Mapped[str] = mapped_column(String, primary_key=True)
    subject: Mapped[str] = mapped_column(String, index=True)
    role: Mapped[str] = mapped_column(String, index=True)
    project: Mapped[str | None]
    api: Mapped[str | None]
    created: Mapped[float]


class BindingRecord(msgspec.Struct, frozen=True, kw_only=True):
    """At most one of `project` and `api`, ids, is set; with neither it holds everywhere."""

    id: str
    subject: str
    role: str
    project: str | None
    api: str | None
    created: float

    @property
    def scope(self) -> Scope:
        return Scope(project=self.project, api=self.api)


def create(work: Work, subject: str, role: str, scope: Scope) -> BindingRecord:
    """Give somebody a role. Raises ConflictError if they have it there already."""
    subjects.get(work, subject)
    wanted = (subject, role, scope.project, scope.api)
    for one in of(work, subject):
        if (one.subject, one.role, one.project, one.api) == wanted:
            raise ConflictError(f"They have the role {role!r} there already.")
    row = BindingRow(
        id=work.new_id("bnd_"),
        subject=subject,
        role=role,
        project=scope.project,
        api=scope.api,
        created=work.now,
    )
    work.session.add(row)
    record = _record(row)
    work.note("people:bindings:create", _resource(record), None, record)
    return record


def get(look: Look, binding: str) -> BindingRecord:
    """Raise NotFoundError."""
    row = look.session.get(BindingRow, binding)
    if row is None:
        raise NotFoundError(f"There is no binding {binding!r}.")
    return _record(row)


def of(look: Look, subject: str) -> tuple[BindingRecord, ...]:
    """Return what somebody has, the oldest first."""
    query = select(BindingRow).where(BindingRow.subject == subject)
    rows = look.session.scalars(query.order_by(BindingRow.created, BindingRow.id))
    return tuple(_record(row) for row in rows)


def page(look: Look, span: Span, subject: str | None = None) -> Page[BindingRecord]:
    query = select(BindingRow)
    if subject is not None:
        query = query.where(BindingRow.subject == subject)
    rows = look.session.scalars(spanned(query, BindingRow.created, BindingRow.id, span))
    return paged([_record(row) for row in rows], span, lambda one: (one.created, one.id))


def remove(work: Work, binding: str) -> None:
    before = get(work, binding)
    work.session.delete(work.session.get(BindingRow, binding))
    work.note("people:bindings:delete", _resource(before), before, None)


def _record(row: BindingRow) -> BindingRecord:
    return BindingRecord(
        id=row.id,
        subject=row.subject,
        role=row.role,
        project=row.project,
        api=row.api,
        created=row.created,
    )


def _resource(record: BindingRecord) -> Resource:
    return Resource(
        kind="binding",
        id=record.id,
        project=record.project,
        api=record.api,
        detail=f"{record.role} for {record.subject}",
    )
