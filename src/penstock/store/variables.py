"""Environment variables of a place, and secrets among them, which are encrypted at rest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

import msgspec
from sqlalchemy import LargeBinary, Select, String, select
from sqlalchemy.orm import Mapped, mapped_column

from penstock.deploy.types import Place
from penstock.deploy.variables import check_variable
from penstock.errors import ConflictError, NotFoundError
from penstock.secret import Secret
from penstock.store import apis
from penstock.store.audited import Audited
from penstock.store.database import Row
from penstock.store.unit import Look, Resource, Work
from penstock.store.vault import Vault

MAX_VALUE: Final = 32_768


class VariableRow(Row, Audited):
    __tablename__ = "variables"

    api: Mapped[str] = mapped_column(String, primary_key=True)
    environment: Mapped[str] = mapped_column(String, primary_key=True)
    name: Mapped[str] = mapped_column(String, primary_key=True)
    value: Mapped[str | None]
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    changed: Mapped[float]


class VariableRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`value` is None for a secret, whoever asks; `fingerprint` tells one sealing from another."""

    api: str
    environment: str
    name: str
    value: str | None
    secret: bool
    changed: float
    fingerprint: str = ""


def of(look: Look, place: Place, *, secret: bool) -> tuple[VariableRecord, ...]:
    """Return the variables of a place by name, or its secrets without their values."""
    found = [_record(row) for row in look.session.scalars(_at(place))]
    return tuple(record for record in found if record.secret is secret)


def get(look: Look, place: Place, name: str, *, secret: bool) -> VariableRecord:
    """Raise NotFoundError, also for a secret where a variable is looked for."""
    row = look.session.get(VariableRow, (place.api, place.environment, name))
    if row is None or (row.sealed is not None) is not secret:
        raise NotFoundError(f"There is no {_word(secret=secret)} {name!r} here.")
    return _record(row)


def set_variable(work: Work, place: Place, name: str, value: str) -> VariableRecord:
    """Raise ManagementError for a name that nodes need, ConflictError for that of a secret."""
    return _set(work, place, name, (value, None))


def set_secret(work: Work, vault: Vault, place: Place, name: str, value: Secret) -> VariableRecord:
    """Keep a secret: nobody but the node is given its value again."""
    sealed = vault.seal(value.reveal().encode(), _place(place, name))
    return _set(work, place, name, (None, sealed))


def remove(work: Work, place: Place, name: str, *, secret: bool) -> None:
    before = get(work, place, name, secret=secret)
    row = work.session.get(VariableRow, (place.api, place.environment, name))
    work.session.delete(row)
    work.note(f"{_area(secret=secret)}:delete", _resource(work, before), before, None)


def remove_all(work: Work, api: str) -> None:
    """Remove the variables and the secrets of an API, in every environment."""
    for row in work.session.scalars(select(VariableRow).where(VariableRow.api == api)):
        before = _record(row)
        work.session.delete(row)
        area = _area(secret=before.secret)
        work.note(f"{area}:delete", _resource(work, before), before, None)


def environment_of(look: Look, vault: Vault, place: Place) -> Mapping[str, str | Secret]:
    """Return what a node of this place is started with. Raises StateError for a lost master key."""
    made: dict[str, str | Secret] = {}
    for row in look.session.scalars(_at(place)):
        if row.sealed is None:
            made[row.name] = row.value or ""
        else:
            plain = vault.open(row.sealed, _place(place, row.name))
            made[row.name] = Secret(plain.decode())
    return made


def reseal(work: Work, vault: Vault) -> int:
    """Encrypt every secret anew that another key than today's sealed; return how many."""
    count = 0
    for row in work.session.scalars(select(VariableRow).where(VariableRow.sealed.is_not(None))):
        if row.sealed is None or vault.is_current(row.sealed):
            continue
        place = _place(Place(row.api, row.environment), row.name)
        before = _record(row)
        row.sealed = vault.seal(vault.open(row.sealed, place), place)
        work.note("config:secrets:reseal", _resource(work, before), before, _record(row))
        count += 1
    return count


def _set(
    work: Work, place: Place, name: str, content: tuple[str | None, bytes | None]
) -> VariableRecord:
    apis.get(work, place.api)
    check_variable(name)
    secret = content[1] is not None
    row = work.session.get(VariableRow, (place.api, place.environment, name))
    before = None if row is None else _record(row)
    if before is not None and before.secret is not secret:
        raise ConflictError(
            f"{name!r} is a {_word(secret=before.secret)} already.", hint="Remove that first."
        )
    if row is None:
        row = VariableRow(api=place.api, environment=place.environment, name=name)
        work.session.add(row)
    row.value, row.sealed = content
    row.changed = work.now
    after = _record(row)
    work.note(f"{_area(secret=secret)}:write", _resource(work, after), before, after)
    return after


def _at(place: Place) -> Select[VariableRow]:
    query = select(VariableRow).where(
        VariableRow.api == place.api, VariableRow.environment == place.environment
    )
    return query.order_by(VariableRow.name)


def _place(place: Place, name: str) -> str:
    return f"variable\n{place.api}\n{place.environment}\n{name}"


def _record(row: VariableRow) -> VariableRecord:
    sealed = row.sealed
    return VariableRecord(
        api=row.api,
        environment=row.environment,
        name=row.name,
        value=row.value,
        secret=sealed is not None,
        changed=row.changed,
        fingerprint="" if sealed is None else hashlib.sha256(sealed).hexdigest()[:16],
    )


def _word(*, secret: bool) -> str:
    return "secret" if secret else "variable"


def _area(*, secret: bool) -> str:
    return "config:secrets" if secret else "config:variables"


def _resource(look: Look, record: VariableRecord) -> Resource:
    return Resource(
        kind=_word(secret=record.secret),
        id=f"{record.api}/{record.environment}/{record.name}",
        project=apis.get(look, record.api).project,
        api=record.api,
    )
