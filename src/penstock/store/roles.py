"""Roles of the manager: named permissions `service:resource:action`, some of them built in."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import JSON, String, select
from sqlalchemy.orm import Mapped, mapped_column

from penstock.errors import ConflictError, ManagementError, NotFoundError, suggestion
from penstock.store.audited import Audited
from penstock.store.bindings import BindingRow
from penstock.store.database import Row
from penstock.store.grants import is_permission
from penstock.store.unit import Look, Resource, Work


class RoleRow(Row, Audited):
    __tablename__ = "roles"

    name: Mapped[str] = mapped_column(String, primary_key=True)
    title: Mapped[str]
    permissions: Mapped[list[str]] = mapped_column(JSON)
    changed: Mapped[float]


class RoleRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`*` stands for anything in a part of a permission."""

    name: str
    title: str
    permissions: tuple[str, ...]
    built_in: bool = False


BUILT_IN: Final = {
    role.name: role
    for role in (
        RoleRecord(name="owner", title="May do everything", permissions=("*:*:*",), built_in=True),
        RoleRecord(
            name="operator",
            title="Builds, deploys and configures what others develop",
            permissions=(
                "catalogue:*:read",
                "catalogue:versions:download",
                "build:*:*",
                "deploy:*:*",
                "config:*:*",
                "access:keys:*",
                "usage:*:read",
                "system:*:read",
            ),
            built_in=True,
        ),
        RoleRecord(
            name="developer",
            title="Develops APIs, builds them, and deploys them",
            permissions=(
                "catalogue:*:read",
                "catalogue:apis:update",
                "catalogue:versions:*",
                "build:builds:*",
                "build:artifacts:read",
                "deploy:*:*",
                "config:*:read",
                "config:variables:*",
                "usage:*:read",
            ),
            built_in=True,
        ),
        RoleRecord(
            name="auditor",
            title="Sees everything but secrets, and the audit log; changes nothing",
            permissions=("*:*:read", "audit:*:*"),
            built_in=True,
        ),
        RoleRecord(
            name="viewer",
            title="Sees what there is and how it runs",
            permissions=(
                "catalogue:*:read",
                "build:*:read",
                "deploy:deployments:read",
                "deploy:nodes:read",
                "usage:*:read",
            ),
            built_in=True,
        ),
    )
}


def get(look: Look, name: str) -> RoleRecord:
    """Raise NotFoundError."""
    if name in BUILT_IN:
        return BUILT_IN[name]
    row = look.session.get(RoleRow, name)
    if row is None:
        known = [role.name for role in every(look)]
        hint = suggestion(name, known) or f"There are: {', '.join(known)}."
        raise NotFoundError(f"There is no role {name!r}.", hint=hint)
    return _record(row)


def every(look: Look) -> tuple[RoleRecord, ...]:
    """Return the built-in roles, then the others by name."""
    rows = look.session.scalars(select(RoleRow).order_by(RoleRow.name))
    return (*BUILT_IN.values(), *(_record(row) for row in rows))


def write(work: Work, name: str, title: str, permissions: tuple[str, ...]) -> RoleRecord:
    """Make or change a role. Raises ConflictError for a built-in one, ManagementError."""
    _check_own(name)
    for i, permission in enumerate(permissions):
        if not is_permission(permission):
            raise ManagementError(
                f"{permission!r} is not a permission.",
                hint="It has the form service:resource:action, each part a word or *.",
                pointer=f"/permissions/{i}",
            )
    row = work.session.get(RoleRow, name)
    before = None if row is None else _record(row)
    if row is None:
        row = RoleRow(name=name)
        work.session.add(row)
    row.title, row.permissions, row.changed = title, sorted({*permissions}), work.now
    after = _record(row)
    work.note("people:roles:write", Resource(kind="role", id=name), before, after)
    return after


def remove(work: Work, name: str) -> None:
    """Raise ConflictError for a built-in role, or one that somebody has."""
    _check_own(name)
    before = get(work, name)
    if work.session.scalar(select(BindingRow.id).where(BindingRow.role == name)) is not None:
        raise ConflictError(f"Somebody has the role {name!r}.", hint="Remove its bindings first.")
    work.session.delete(work.session.get(RoleRow, name))
    work.note("people:roles:delete", Resource(kind="role", id=name), before, None)


def _check_own(name: str) -> None:
    if name in BUILT_IN:
        raise ConflictError(f"The role {name!r} is built in.", hint="Make one of your own.")


def _record(row: RoleRow) -> RoleRecord:
    return RoleRecord(name=row.name, title=row.title, permissions=tuple(row.permissions))
