"""Versions of an API: new (files), built (an artifact), deployed (read-only)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec
from sqlalchemy import ForeignKey, Select, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from penstock.errors import ConflictError, NotFoundError
from penstock.store import apis
from penstock.store.apis import ApiRow
from penstock.store.audited import Audited
from penstock.store.contents import Tree
from penstock.store.database import BIG, Row
from penstock.store.paging import Page, Reach, Span, paged, spanned
from penstock.store.unit import Look, Resource, Work


class VersionState(StrEnum):
    """DEPLOYED is what a colour runs or keeps warm, in any environment."""

    NEW = "new"
    BUILT = "built"
    DEPLOYED = "deployed"


class VersionRow(Row, Audited):
    __tablename__ = "versions"
    __table_args__ = (UniqueConstraint("api", "name"),)

    id: Mapped[str] = mapped_column(String, primary_key=True)
    api: Mapped[str] = mapped_column(ForeignKey("apis.id"), index=True)
    name: Mapped[str]
    active: Mapped[bool]
    content: Mapped[str | None]
    files: Mapped[int]
    size: Mapped[int] = mapped_column(BIG)
    source: Mapped[str]
    artifact: Mapped[str | None]
    created: Mapped[float]
    changed: Mapped[float]


class HeldRow(Row):
    """A version that some place needs. Written with the rollout that says so."""

    __tablename__ = "held_versions"

    api: Mapped[str] = mapped_column(String, primary_key=True)
    environment: Mapped[str] = mapped_column(String, primary_key=True)
    version: Mapped[str] = mapped_column(String, primary_key=True, index=True)


class VersionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`content` is the digest of its files, None for none yet; `size` is of them all, in bytes.

    `active` is the one that is being edited; times are in epoch seconds.
    """

    id: str
    api: str
    project: str
    name: str
    state: VersionState
    active: bool
    content: str | None
    files: int
    size: int
    source: str
    artifact: str | None
    created: float
    changed: float


class VersionBrief(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of APIs tells of each version."""

    id: str
    name: str
    state: VersionState
    active: bool


class VersionFilter(msgspec.Struct, frozen=True, kw_only=True):
    project: str | None = None
    api: str | None = None
    name: str | None = None
    state: VersionState | None = None


def create(work: Work, api: str, name: str, like: str | None = None) -> VersionRecord:
    """Make a version, empty or with the files of another one of the same API.

    The first one of an API is active. Raises ConflictError for a name that is taken, NotFoundError.
    """
    apis.get(work, api)
    _check_free(work, api, name)
    source = None if like is None else _row_of(work, like, api)
    others = work.session.scalar(select(VersionRow.id).where(VersionRow.api == api).limit(1))
    row = VersionRow(
        id=work.new_id("ver_"),
        api=api,
        name=name,
        active=others is None,
        content=source.content if source else None,
        files=source.files if source else 0,
        size=source.size if source else 0,
        source=f"duplicate of {source.name}" if source else "",
        artifact=None,
        created=work.now,
        changed=work.now,
    )
    work.session.add(row)
    work.session.flush()
    record = get(work, row.id)
    work.note("catalogue:versions:create", _resource(record), None, record)
    return record


def get(look: Look, version: str) -> VersionRecord:
    """Raise NotFoundError for an id that no version has."""
    found = _records(look, _select().where(VersionRow.id == version))
    if not found:
        raise NotFoundError(f"There is no version {version!r}.")
    return found[0]


def find(look: Look, api: str, name: str) -> VersionRecord:
    """Return the version of a name, of the API of an id. Raises NotFoundError."""
    query = _select().where(VersionRow.api == api, VersionRow.name == name)
    found = _records(look, query)
    if not found:
        raise NotFoundError(f"There is no version {name!r} of this API.")
    return found[0]


def page(look: Look, reach: Reach, span: Span, wanted: VersionFilter) -> Page[VersionRecord]:
    query = _select().where(reach.holds(ApiRow.project, VersionRow.api))
    if wanted.project is not None:
        query = query.where(ApiRow.project == wanted.project)
    if wanted.api is not None:
        query = query.where(VersionRow.api == wanted.api)
    if wanted.name is not None:
        query = query.where(VersionRow.name == wanted.name)
    query = _in_state(query, wanted.state)
    found = _records(look, spanned(query, VersionRow.created, VersionRow.id, span))
    return paged(found, span, lambda one: (one.created, one.id))


def briefs_of(look: Look, ids: Iterable[str]) -> dict[str, tuple[VersionBrief, ...]]:
    """Return the versions of several APIs in brief, the oldest first, in two statements.

    Rows are read as they are, not as objects: of three thousand that is a third of the time.
    """
    columns = (VersionRow.api, VersionRow.id, VersionRow.name, VersionRow.active)
    query = select(*columns, VersionRow.artifact.is_(None)).where(VersionRow.api.in_(list(ids)))
    held = frozenset(look.session.scalars(select(HeldRow.version)))
    gathered: dict[str, list[VersionBrief]] = {}
    found = look.session.execute(query.order_by(VersionRow.created, VersionRow.id))
    for api, version, name, active, new in found:
        state = VersionState.NEW if new else VersionState.BUILT
        state = VersionState.DEPLOYED if version in held else state
        brief = VersionBrief(id=version, name=name, state=state, active=active)
        gathered.setdefault(api, []).append(brief)
    return {api: tuple(briefs) for api, briefs in gathered.items()}


def rename(work: Work, version: str, name: str) -> VersionRecord:
    """Raise ConflictError for a name that is taken, or while it is deployed."""
    row = _editable(work, version)
    before = get(work, version)
    if name != row.name:
        _check_free(work, row.api, name)
        row.name = name
    return _changed(work, row, before, "catalogue:versions:update")


def activate(work: Work, version: str) -> VersionRecord:
    """Make it the one that is being edited; the one before is no longer."""
    row = _row(work, version)
    before = get(work, version)
    for other in work.session.scalars(
        select(VersionRow).where(VersionRow.api == row.api, VersionRow.active)
    ):
        other.active = False
    row.active = True
    return _changed(work, row, before, "catalogue:versions:activate")


def fill(work: Work, version: str, tree: Tree, source: str) -> VersionRecord:
    """Give it other files: it is new again. Raises ConflictError while it is deployed."""
    row = _editable(work, version)
    before = get(work, version)
    if row.content != tree.digest:
        row.artifact = None
    row.content, row.files, row.size = tree.digest, tree.files, tree.size
    row.source = source
    return _changed(work, row, before, "catalogue:versions:synchronise")


def built(work: Work, version: str, digest: str) -> VersionRecord:
    """Note which artifact its files were built into."""
    row = _row(work, version)
    before = get(work, version)
    row.artifact = digest
    return _changed(work, row, before, "build:builds:finish")


def remove(work: Work, version: str) -> None:
    """Raise ConflictError while it is deployed."""
    row = _editable(work, version)
    before = get(work, version)
    work.session.delete(row)
    work.note("catalogue:versions:delete", _resource(before), before, None)


def artifacts(look: Look) -> frozenset[str]:
    """Return the artifacts of all versions there are: each may be deployed yet."""
    query = select(VersionRow.artifact).where(VersionRow.artifact.is_not(None))
    return frozenset(digest for digest in look.session.scalars(query) if digest is not None)


def contents(look: Look) -> frozenset[str]:
    """Return the digests of all files that some version has."""
    found = look.session.scalars(select(VersionRow.content).distinct())
    return frozenset(digest for digest in found if digest is not None)


def _changed(work: Work, row: VersionRow, before: VersionRecord, action: str) -> VersionRecord:
    row.changed = work.now
    work.session.flush()
    after = get(work, row.id)
    work.note(action, _resource(after), before, after)
    return after


def _row(look: Look, version: str) -> VersionRow:
    row = look.session.get(VersionRow, version)
    if row is None:
        raise NotFoundError(f"There is no version {version!r}.")
    return row


def _row_of(look: Look, version: str, api: str) -> VersionRow:
    row = look.session.get(VersionRow, version)
    if row is None or row.api != api:
        raise NotFoundError(f"This API has no version {version!r}.", pointer="/like")
    return row


def _editable(work: Work, version: str) -> VersionRow:
    row = _row(work, version)
    held = select(HeldRow.environment).where(HeldRow.version == version).limit(1)
    environment = work.session.scalar(held)
    if environment is not None:
        raise ConflictError(
            f"Version {row.name!r} is deployed in {environment}, and so it is read-only.",
            hint="Duplicate it and change the copy, or stop it first.",
        )
    return row


def _check_free(work: Work, api: str, name: str) -> None:
    taken = select(VersionRow.id).where(VersionRow.api == api, VersionRow.name == name)
    if work.session.scalar(taken) is not None:
        raise ConflictError(f"The API has a version {name!r} already.", pointer="/name")


def _select() -> Select[VersionRow, str]:
    return select(VersionRow, ApiRow.project).join(ApiRow, ApiRow.id == VersionRow.api)


def _in_state(
    query: Select[VersionRow, str], state: VersionState | None
) -> Select[VersionRow, str]:
    held = VersionRow.id.in_(select(HeldRow.version))
    match state:
        case VersionState.DEPLOYED:
            return query.where(held)
        case VersionState.BUILT:
            return query.where(~held, VersionRow.artifact.is_not(None))
        case VersionState.NEW:
            return query.where(~held, VersionRow.artifact.is_(None))
        case None:
            return query


def _records(look: Look, query: Select[VersionRow, str]) -> list[VersionRecord]:
    rows = look.session.execute(query).all()
    if not rows:
        return []
    held = frozenset(look.session.scalars(select(HeldRow.version)))
    return [_record(row, project, held) for row, project in rows]


def _record(row: VersionRow, project: str, held: frozenset[str]) -> VersionRecord:
    built = VersionState.NEW if row.artifact is None else VersionState.BUILT
    return VersionRecord(
        id=row.id,
        api=row.api,
        project=project,
        name=row.name,
        state=VersionState.DEPLOYED if row.id in held else built,
        active=row.active,
        content=row.content,
        files=row.files,
        size=row.size,
        source=row.source,
        artifact=row.artifact,
        created=row.created,
        changed=row.changed,
    )


def _resource(record: VersionRecord) -> Resource:
    return Resource(
        kind="version",
        id=record.id,
        project=record.project,
        api=record.api,
        detail=record.name,
    )
