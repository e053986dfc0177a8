"""APIs: what a project offers, each with its versions."""

from __future__ import annotations

from enum import StrEnum

import msgspec
from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from penstock.errors import ConflictError, NotFoundError
from penstock.store import projects
from penstock.store.audited import Audited
from penstock.store.database import Row
from penstock.store.paging import Page, Reach, Span, paged, spanned
from penstock.store.unit import Look, Resource, Work


class ApiState(StrEnum):
    STAGING = "staging"
    PUBLISHED = "published"
    DEPRECATED = "deprecated"
    REMOVED = "removed"


class ApiRow(Row, Audited):
    __tablename__ = "apis"
    __table_args__ = (UniqueConstraint("project", "name"),)

    id: Mapped[str] = mapped_column(String, primary_key=True)
    project: Mapped[str] = mapped_column(ForeignKey("projects.id"), index=True)
    name: Mapped[str]
    title: Mapped[str]
    state: Mapped[str]
    created: Mapped[float] = mapped_column(index=True)
    changed: Mapped[float]


class ApiRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`project` is an id; times are in epoch seconds."""

    id: str
    project: str
    name: str
    title: str
    state: ApiState
    created: float
    changed: float


class ApiFilter(msgspec.Struct, frozen=True, kw_only=True):
    project: str | None = None
    name: str | None = None


def create(work: Work, project: str, name: str, title: str) -> ApiRecord:
    """Make an API of a project. Raises ConflictError for a name that is taken, NotFoundError."""
    projects.get(work, project)
    _check_free(work, project, name)
    row = ApiRow(
        id=work.new_id("api_"),
        project=project,
        name=name,
        title=title,
        state=ApiState.STAGING.value,
        created=work.now,
        changed=work.now,
    )
    work.session.add(row)
    record = _record(row)
    work.note("catalogue:apis:create", _resource(record), None, record)
    return record


def get(look: Look, api: str) -> ApiRecord:
    """Raise NotFoundError for an id that no API has."""
    return _record(_row(look, api))


def find(look: Look, project: str, name: str) -> ApiRecord:
    """Return the API of a name in a project, given by id. Raises NotFoundError."""
    found = select(ApiRow).where(ApiRow.project == project, ApiRow.name == name)
    row = look.session.scalar(found)
    if row is None:
        raise NotFoundError(f"There is no API {name!r} in this project.")
    return _record(row)


def every(look: Look) -> tuple[ApiRecord, ...]:
    rows = look.session.scalars(select(ApiRow).order_by(ApiRow.created, ApiRow.id))
    return tuple(_record(row) for row in rows)


def page(look: Look, reach: Reach, span: Span, wanted: ApiFilter) -> Page[ApiRecord]:
    query = select(ApiRow).where(reach.holds(ApiRow.project, ApiRow.id))
    if wanted.project is not None:
        query = query.where(ApiRow.project == wanted.project)
    if wanted.name is not None:
        query = query.where(ApiRow.name == wanted.name)
    rows = look.session.scalars(spanned(query, ApiRow.created, ApiRow.id, span))
    return paged([_record(row) for row in rows], span, lambda one: (one.created, one.id))


def project_of(look: Look, api: str | None) -> str | None:
    """Return the project of an API, None for one that is gone: its history outlives it."""
    row = None if api is None else look.session.get(ApiRow, api)
    return None if row is None else row.project


def update(work: Work, api: str, *, name: str | None = None, title: str | None = None) -> ApiRecord:
    """Change what is not None. Raises ConflictError for a name that is taken."""
    row = _row(work, api)
    before = _record(row)
    if name is not None and name != row.name:
        _check_free(work, row.project, name)
        row.name = name
    row.title = row.title if title is None else title
    row.changed = work.now
    after = _record(row)
    work.note("catalogue:apis:update", _resource(after), before, after)
    return after


def publish(work: Work, api: str) -> ApiRecord:
    """Note that an API serves for the first time; one that did before is left as it is."""
    row = _row(work, api)
    before = _record(row)
    if before.state is not ApiState.STAGING:
        return before
    row.state = ApiState.PUBLISHED.value
    row.changed = work.now
    after = _record(row)
    work.note("catalogue:apis:publish", _resource(after), before, after)
    return after


def forget(work: Work, api: str) -> None:
    """Remove the row of an API that has nothing left. See `removal.remove_api`."""
    row = _row(work, api)
    before = _record(row)
    work.session.delete(row)
    work.note("catalogue:apis:delete", _resource(before), before, None)


def _row(look: Look, api: str) -> ApiRow:
    row = look.session.get(ApiRow, api)
    if row is None:
        raise NotFoundError(f"There is no API {api!r}.")
    return row


def _check_free(work: Work, project: str, name: str) -> None:
    taken = select(ApiRow.id).where(ApiRow.project == project, ApiRow.name == name)
    if work.session.scalar(taken) is not None:
        raise ConflictError(f"The project has an API {name!r} already.", pointer="/name")


def _record(row: ApiRow) -> ApiRecord:
    return ApiRecord(
        id=row.id,
        project=row.project,
        name=row.name,
        title=row.title,
        state=ApiState(row.state),
        created=row.created,
        changed=row.changed,
    )


def _resource(record: ApiRecord) -> Resource:
    return Resource(
        kind="api", id=record.id, project=record.project, api=record.id, detail=record.name
    )
