"""Projects: whose APIs there are."""

from __future__ import annotations

import msgspec
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from penstock.errors import ConflictError, ManagementError, NotFoundError
from penstock.project.reserved import RESERVED_PROJECTS
from penstock.store.audited import Audited
from penstock.store.database import Row
from penstock.store.paging import Page, Reach, Span, paged, spanned
from penstock.store.unit import Look, Resource, Work


class ProjectRow(Row, Audited):
    __tablename__ = "projects"

    id: Mapped[str] = mapped_column(String, primary_key=True)
    name: Mapped[str] = mapped_column(String, unique=True)
    title: Mapped[str]
    created: Mapped[float]
    changed: Mapped[float]


class ProjectRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Times are in epoch seconds."""

    id: str
    name: str
    title: str
    created: float
    changed: float


def create(work: Work, name: str, title: str) -> ProjectRecord:
    """Make a project. Raises ConflictError for a name that is taken, ManagementError reserved."""
    _check_free(work, name)
    row = ProjectRow(
        id=work.new_id("prj_"), name=name, title=title, created=work.now, changed=work.now
    )
    work.session.add(row)
    record = _record(row)
    work.note("catalogue:projects:create", _resource(record), None, record)
    return record


def get(look: Look, project: str) -> ProjectRecord:
    """Raise NotFoundError for an id that no project has."""
    return _record(_row(look, project))


def find(look: Look, name: str) -> ProjectRecord:
    """Return the project of a name. Raises NotFoundError."""
    row = look.session.scalar(select(ProjectRow).where(ProjectRow.name == name))
    if row is None:
        raise NotFoundError(f"There is no project {name!r}.", hint="GET /api/v1/projects")
    return _record(row)


def page(look: Look, reach: Reach, span: Span, name: str | None = None) -> Page[ProjectRecord]:
    query = select(ProjectRow).where(reach.holds(ProjectRow.id, None))
    if name is not None:
        query = query.where(ProjectRow.name == name)
    rows = look.session.scalars(spanned(query, ProjectRow.created, ProjectRow.id, span))
    return paged([_record(row) for row in rows], span, lambda one: (one.created, one.id))


def update(
    work: Work, project: str, *, name: str | None = None, title: str | None = None
) -> ProjectRecord:
    """Change what is not None. Raises as `create` does."""
    row = _row(work, project)
    before = _record(row)
    if name is not None and name != row.name:
        _check_free(work, name)
        row.name = name
    row.title = row.title if title is None else title
    row.changed = work.now
    after = _record(row)
    work.note("catalogue:projects:update", _resource(after), before, after)
    return after


def forget(work: Work, project: str) -> None:
    """Remove the row of a project that has nothing left. See `removal.remove_project`."""
    row = _row(work, project)
    before = _record(row)
    work.session.delete(row)
    work.note("catalogue:projects:delete", _resource(before), before, None)


def _row(look: Look, project: str) -> ProjectRow:
    row = look.session.get(ProjectRow, project)
    if row is None:
        raise NotFoundError(f"There is no project {project!r}.")
    return row


def _check_free(work: Work, name: str) -> None:
    if name in RESERVED_PROJECTS:
        raise ManagementError(
            f"A project cannot be called {name!r}: addresses of Penstock itself begin so.",
            hint="Choose another name: it is part of the addresses that callers use.",
            pointer="/name",
        )
    if work.session.scalar(select(ProjectRow.id).where(ProjectRow.name == name)) is not None:
        raise ConflictError(f"There is a project {name!r} already.", pointer="/name")


def _record(row: ProjectRow) -> ProjectRecord:
    return ProjectRecord(
        id=row.id, name=row.name, title=row.title, created=row.created, changed=row.changed
    )


def _resource(record: ProjectRecord) -> Resource:
    return Resource(kind="project", id=record.id, project=record.id, detail=record.name)
