"""Settings of the installation, or of an API in one environment; the nearest one counts."""

from __future__ import annotations

import msgspec
from sqlalchemy import JSON, String, select
from sqlalchemy.orm import Mapped, mapped_column

from penstock.deploy.types import Place
from penstock.errors import NotFoundError
from penstock.store import apis, sequences
from penstock.store.audited import Audited
from penstock.store.database import Row
from penstock.store.unit import Look, Resource, Work


class SettingRow(Row, Audited):
    """`api` and `environment` are empty where the setting is of more than one."""

    __tablename__ = "settings"

    api: Mapped[str] = mapped_column(String, primary_key=True)
    environment: Mapped[str] = mapped_column(String, primary_key=True)
    name: Mapped[str] = mapped_column(String, primary_key=True)
    value: Mapped[object] = mapped_column(JSON)
    changed: Mapped[float]


class SettingRecord(msgspec.Struct, frozen=True, kw_only=True):
    """None is for every API, or every environment."""

    api: str | None
    environment: str | None
    name: str
    value: object
    changed: float


def of(look: Look, place: Place | None) -> tuple[SettingRecord, ...]:
    """Return the settings of exactly this place, or of the installation, by name."""
    api, environment = _key(place)
    query = select(SettingRow).where(SettingRow.api == api, SettingRow.environment == environment)
    return tuple(_record(row) for row in look.session.scalars(query.order_by(SettingRow.name)))


def get(look: Look, place: Place | None, name: str) -> SettingRecord:
    """Raise NotFoundError where it is not set in exactly this place."""
    row = look.session.get(SettingRow, (*_key(place), name))
    if row is None:
        raise NotFoundError(f"There is no setting {name!r} here.")
    return _record(row)


def value(look: Look, name: str, place: Place | None = None) -> object:
    """Return what is set nearest to a place: in it, for its API, for all; None for nowhere."""
    keys = [("", "")]
    if place is not None:
        keys = [(place.api, place.environment), (place.api, ""), *keys]
    for api, environment in keys:
        row = look.session.get(SettingRow, (api, environment, name))
        if row is not None:
            return row.value
    return None


def write(work: Work, place: Place | None, name: str, content: object) -> SettingRecord:
    """Set it; nodes are told within two seconds where it is a limit of theirs."""
    if place is not None:
        apis.get(work, place.api)
    row = work.session.get(SettingRow, (*_key(place), name))
    before = None if row is None else _record(row)
    if row is None:
        api, environment = _key(place)
        row = SettingRow(api=api, environment=environment, name=name)
        work.session.add(row)
    row.value, row.changed = content, work.now
    after = _record(row)
    work.note("config:settings:write", _resource(work, after), before, after)
    sequences.advance(work.session, place.api if place else None, work.now)
    return after


def remove(work: Work, place: Place | None, name: str) -> None:
    before = get(work, place, name)
    work.session.delete(work.session.get(SettingRow, (*_key(place), name)))
    work.note("config:settings:delete", _resource(work, before), before, None)
    sequences.advance(work.session, place.api if place else None, work.now)


def remove_all(work: Work, api: str) -> None:
    """Remove the settings of an API, in every environment."""
    for row in work.session.scalars(select(SettingRow).where(SettingRow.api == api)):
        before = _record(row)
        work.session.delete(row)
        work.note("config:settings:delete", _resource(work, before), before, None)


def _key(place: Place | None) -> tuple[str, str]:
    return ("", "") if place is None else (place.api, place.environment)


def _record(row: SettingRow) -> SettingRecord:
    return SettingRecord(
        api=row.api or None,
        environment=row.environment or None,
        name=row.name,
        value=row.value,
        changed=row.changed,
    )


def _resource(look: Look, record: SettingRecord) -> Resource:
    project = apis.get(look, record.api).project if record.api else None
    where = f"{record.api}/{record.environment}/" if record.api else ""
    return Resource(kind="setting", id=f"{where}{record.name}", project=project, api=record.api)
