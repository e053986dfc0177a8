"""Domains: names of the outside world that lead to an API in one environment."""

from __future__ import annotations

import msgspec
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from penstock.deploy.types import Place
from penstock.errors import ConflictError, NotFoundError
from penstock.store import apis
from penstock.store.audited import Audited
from penstock.store.database import Row
from penstock.store.unit import Look, Resource, Work


class DomainRow(Row, Audited):
    __tablename__ = "domains"

    name: Mapped[str] = mapped_column(String, primary_key=True)
    api: Mapped[str] = mapped_column(String, index=True)
    environment: Mapped[str]
    created: Mapped[float]


class DomainRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`name` is in lower case."""

    name: str
    api: str
    environment: str
    created: float


def add(work: Work, place: Place, name: str) -> DomainRecord:
    """Lead a domain to a place. Raises ConflictError for one that leads somewhere already."""
    apis.get(work, place.api)
    name = name.lower()
    if work.session.get(DomainRow, name) is not None:
        raise ConflictError(f"The domain {name!r} leads to an API already.", pointer="/name")
    row = DomainRow(name=name, api=place.api, environment=place.environment, created=work.now)
    work.session.add(row)
    record = _record(row)
    work.note("config:domains:create", _resource(work, record), None, record)
    return record


def get(look: Look, place: Place, name: str) -> DomainRecord:
    """Raise NotFoundError, also for a domain of another place."""
    row = look.session.get(DomainRow, name.lower())
    if row is None or (row.api, row.environment) != (place.api, place.environment):
        raise NotFoundError(f"There is no domain {name!r} here.")
    return _record(row)


def of(look: Look, place: Place) -> tuple[DomainRecord, ...]:
    query = select(DomainRow).where(
        DomainRow.api == place.api, DomainRow.environment == place.environment
    )
    return tuple(_record(row) for row in look.session.scalars(query.order_by(DomainRow.name)))


def every(look: Look) -> tuple[DomainRecord, ...]:
    rows = look.session.scalars(select(DomainRow).order_by(DomainRow.name))
    return tuple(_record(row) for row in rows)


def remove(work: Work, place: Place, name: str) -> None:
    before = get(work, place, name)
    work.session.delete(work.session.get(DomainRow, before.name))
    work.note("config:domains:delete", _resource(work, before), before, None)


def remove_all(work: Work, api: str) -> None:
    """Remove the domains of an API, in every environment."""
    for row in work.session.scalars(select(DomainRow).where(DomainRow.api == api)):
        before = _record(row)
        work.session.delete(row)
        work.note("config:domains:delete", _resource(work, before), before, None)


def _record(row: DomainRow) -> DomainRecord:
    return DomainRecord(
        name=row.name, api=row.api, environment=row.environment, created=row.created
    )


def _resource(look: Look, record: DomainRecord) -> Resource:
    return Resource(
        kind="domain",
        id=record.name,
        project=apis.get(look, record.api).project,
        api=record.api,
        detail=record.environment,
    )
