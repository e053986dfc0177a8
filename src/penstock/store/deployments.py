"""What was deployed, where, by whom, and how it ended."""

from __future__ import annotations

import msgspec
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from penstock.deploy.types import Place
from penstock.errors import NotFoundError
from penstock.store.apis import ApiRow
from penstock.store.audited import Audited
from penstock.store.database import Row
from penstock.store.paging import Page, Reach, Span, newest, paged
from penstock.store.unit import Look, Resource, Work


class DeploymentRow(Row, Audited):
    __tablename__ = "deployments"

    id: Mapped[str] = mapped_column(String, primary_key=True)
    api: Mapped[str] = mapped_column(String, index=True)
    environment: Mapped[str]
    version: Mapped[str]
    artifact: Mapped[str | None]
    kind: Mapped[str]
    status: Mapped[str]
    nodes: Mapped[int]
    units: Mapped[int]
    by: Mapped[str]
    reason: Mapped[str]
    created: Mapped[float] = mapped_column(index=True)
    finished: Mapped[float | None]


class DeploymentDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be deployed, and why; `version` is an id, `units` are of each node."""

    api: str
    environment: str
    version: str
    artifact: str | None = None
    kind: str = "deploy"
    nodes: int = 1
    units: int = 1
    reason: str = ""


class DeploymentRecord(DeploymentDraft, frozen=True, kw_only=True):
    """`status` is the phase it is in, or ended in; `by` is who asked for it, as an id.

    `reason` is why it was asked for, and once it ended also why it ended so.
    """

    id: str
    status: str
    by: str
    created: float
    finished: float | None = None


class DeploymentFilter(msgspec.Struct, frozen=True, kw_only=True):
    api: str | None = None
    environment: str | None = None


def create(work: Work, draft: DeploymentDraft, status: str = "queued") -> DeploymentRecord:
    row = DeploymentRow(
        **msgspec.structs.asdict(draft),
        id=work.new_id("dep_"),
        status=status,
        by=work.by.id,
        created=work.now,
    )
    work.session.add(row)
    record = _record(row)
    work.note("deploy:deployments:create", _resource(work, record), None, record)
    return record


def progress(
    work: Work, deployment: str, status: str, *, artifact: str | None = None
) -> DeploymentRecord:
    """Note the phase it is in now, and the artifact once it is known."""
    row = _row(work, deployment)
    before = _record(row)
    row.status = status
    row.artifact = row.artifact if artifact is None else artifact
    after = _record(row)
    work.note("deploy:deployments:progress", _resource(work, after, status), before, after)
    return after


def finish(work: Work, deployment: str, status: str, reason: str = "") -> DeploymentRecord:
    """Note how it ended; why it was asked for is kept beside the reason of its end."""
    row = _row(work, deployment)
    before = _record(row)
    row.status, row.reason, row.finished = status, _both(row.reason, reason), work.now
    after = _record(row)
    work.note("deploy:deployments:finish", _resource(work, after, status), before, after)
    return after


def get(look: Look, deployment: str) -> DeploymentRecord:
    """Raise NotFoundError for an id that no deployment has."""
    return _record(_row(look, deployment))


def latest(look: Look, place: Place, limit: int) -> tuple[DeploymentRecord, ...]:
    """Return the newest deployments of a place, the newest first."""
    query = select(DeploymentRow).where(
        DeploymentRow.api == place.api, DeploymentRow.environment == place.environment
    )
    ordered = query.order_by(DeploymentRow.created.desc(), DeploymentRow.id.desc())
    return tuple(_record(row) for row in look.session.scalars(ordered.limit(limit)))


def page(look: Look, reach: Reach, span: Span, wanted: DeploymentFilter) -> Page[DeploymentRecord]:
    query = select(DeploymentRow).outerjoin(ApiRow, ApiRow.id == DeploymentRow.api)
    query = query.where(reach.holds(ApiRow.project, DeploymentRow.api))
    if wanted.api is not None:
        query = query.where(DeploymentRow.api == wanted.api)
    if wanted.environment is not None:
        query = query.where(DeploymentRow.environment == wanted.environment)
    rows = look.session.scalars(newest(query, DeploymentRow.created, DeploymentRow.id, span))
    return paged([_record(row) for row in rows], span, lambda one: (one.created, one.id))


def _row(look: Look, deployment: str) -> DeploymentRow:
    row = look.session.get(DeploymentRow, deployment)
    if row is None:
        raise NotFoundError(f"There is no deployment {deployment!r}.")
    return row


def _both(asked: str, ended: str) -> str:
    """Join two reasons; the second one may begin with the first."""
    return ended if ended.startswith(asked) else "; ".join(filter(None, (asked, ended)))


def _record(row: DeploymentRow) -> DeploymentRecord:
    fields = {name: getattr(row, name) for name in DeploymentRecord.__struct_fields__}
    return DeploymentRecord(**fields)


def _resource(look: Look, record: DeploymentRecord, detail: str = "") -> Resource:
    api = look.session.get(ApiRow, record.api)
    return Resource(
        kind="deployment",
        id=record.id,
        project=api.project if api else None,
        api=record.api,
        detail=f"{record.environment} {detail}".strip(),
    )
