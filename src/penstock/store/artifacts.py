"""Which artifacts there are, and of what they are; the bytes are in the artifact store."""

from __future__ import annotations

import msgspec
from sqlalchemy import JSON, String, select
from sqlalchemy.orm import Mapped, mapped_column

from penstock.errors import NotFoundError
from penstock.store.apis import ApiRow
from penstock.store.audited import Audited
from penstock.store.database import BIG, Row
from penstock.store.paging import Page, Reach, Span, newest, paged
from penstock.store.unit import Look, Resource, Work


class ArtifactRow(Row, Audited):
    __tablename__ = "artifacts"

    digest: Mapped[str] = mapped_column(String, primary_key=True)
    project: Mapped[str]
    api: Mapped[str]
    version: Mapped[str]
    size: Mapped[int] = mapped_column(BIG)
    created: Mapped[float]
    labels: Mapped[dict[str, str]] = mapped_column(JSON)
    api_id: Mapped[str | None] = mapped_column(String, index=True)
    version_id: Mapped[str | None]


class ArtifactRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An image by the digest of its manifest; project, API and version are names, as in its labels.

    The two ids are None for what was imported; `size` is in bytes.
    """

    digest: str
    project: str
    api: str
    version: str
    size: int
    created: float
    labels: dict[str, str] = {}
    api_id: str | None = None
    version_id: str | None = None


def add(work: Work, record: ArtifactRecord) -> ArtifactRecord:
    """Note an artifact; one that is known is left as it is."""
    found = work.session.get(ArtifactRow, record.digest)
    if found is not None:
        return _record(found)
    work.session.add(ArtifactRow(**msgspec.structs.asdict(record)))
    work.note("build:artifacts:create", _resource(work, record), None, record)
    return record


def get(look: Look, digest: str) -> ArtifactRecord:
    """Raise NotFoundError for a digest that no artifact has."""
    row = look.session.get(ArtifactRow, digest)
    if row is None:
        raise NotFoundError(
            f"There is no artifact {digest!r}.",
            hint="Where it was removed, deploying its version builds it anew.",
        )
    return _record(row)


def every(look: Look) -> tuple[ArtifactRecord, ...]:
    query = select(ArtifactRow).order_by(ArtifactRow.created, ArtifactRow.digest)
    return tuple(_record(row) for row in look.session.scalars(query))


def page(look: Look, reach: Reach, span: Span, api: str | None = None) -> Page[ArtifactRecord]:
    query = select(ArtifactRow).outerjoin(ApiRow, ApiRow.id == ArtifactRow.api_id)
    query = query.where(reach.holds(ApiRow.project, ArtifactRow.api_id))
    if api is not None:
        query = query.where(ArtifactRow.api_id == api)
    rows = look.session.scalars(newest(query, ArtifactRow.created, ArtifactRow.digest, span))
    return paged([_record(row) for row in rows], span, lambda one: (one.created, one.digest))


def remove(work: Work, digest: str) -> None:
    """Forget an artifact; one that is not known is no error."""
    row = work.session.get(ArtifactRow, digest)
    if row is not None:
        before = _record(row)
        work.session.delete(row)
        work.note("build:artifacts:delete", _resource(work, before), before, None)


def _record(row: ArtifactRow) -> ArtifactRecord:
    return ArtifactRecord(
        digest=row.digest,
        project=row.project,
        api=row.api,
        version=row.version,
        size=row.size,
        created=row.created,
        labels=dict(row.labels),
        api_id=row.api_id,
        version_id=row.version_id,
    )


def _resource(look: Look, record: ArtifactRecord) -> Resource:
    api = look.session.get(ApiRow, record.api_id) if record.api_id else None
    return Resource(
        kind="artifact",
        id=record.digest,
        project=api.project if api else None,
        api=record.api_id,
        detail=f"{record.project}/{record.api} {record.version}",
    )
