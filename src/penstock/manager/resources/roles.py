"""Roles, and who has them where, over HTTP. Nobody gives away more than they have."""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.errors import ForbiddenError, ManagementError, NotFoundError
from penstock.manager.forms import BindingForm, RoleForm
from penstock.manager.routes import Call, Changes, Lists, Makes, Reads, Route, taking
from penstock.store import apis, bindings, projects, roles
from penstock.store.bindings import BindingRecord
from penstock.store.grants import Grant, Scope, is_permission
from penstock.store.paging import Page, Reach, Span
from penstock.store.roles import RoleRecord
from penstock.store.unit import Look, Work


class Roles(msgspec.Struct, frozen=True, kw_only=True):
    items: tuple[RoleRecord, ...]


class BindingFilter(msgspec.Struct, frozen=True, kw_only=True):
    subject: str | None = None


def _list(look: Look, _: Call) -> Roles:
    return Roles(items=roles.every(look))


def _show(look: Look, call: Call) -> RoleRecord:
    return roles.get(look, call.ids["name"])


def _write(work: Work, call: Call, form: RoleForm) -> RoleRecord:
    asked = frozenset(one for one in form.permissions if is_permission(one))
    check_giving(call, (Grant(permissions=asked),))
    return roles.write(work, call.ids["name"], form.title or "", form.permissions)


def _remove(work: Work, call: Call, _: object) -> None:
    roles.remove(work, call.ids["name"])


def _bindings(look: Look, call: Call, _: Reach, span: Span) -> Page[object]:
    wanted = msgspec.convert(call.query, BindingFilter, from_attributes=True)
    found = bindings.page(look, span, wanted.subject)
    return Page(items=found.items, next=found.next)


def _binding(look: Look, call: Call) -> BindingRecord:
    return bindings.get(look, call.ids["binding_id"])


def _bind(work: Work, call: Call, form: BindingForm) -> BindingRecord:
    scope = _scope(work, form)
    if not call.caller.grants.allow("people:bindings:create", scope):
        raise NotFoundError("There is no such project or API.")
    role = roles.get(work, form.role)
    given = Grant(permissions=frozenset(role.permissions), project=scope.project, api=scope.api)
    check_giving(call, (given,))
    return bindings.create(work, form.subject, form.role, Scope(project=form.project, api=form.api))


def _scope(look: Look, form: BindingForm) -> Scope:
    if form.project is not None and form.api is not None:
        raise ManagementError("At most one of project and api is possible.", pointer="/api")
    if form.api is not None:
        return Scope(project=apis.get(look, form.api).project, api=form.api)
    if form.project is not None:
        return Scope(project=projects.get(look, form.project).id)
    return Scope()


def _unbind(work: Work, call: Call, _: object) -> None:
    bindings.remove(work, call.ids["binding_id"])


def check_giving(call: Call, given: tuple[Grant, ...]) -> None:
    """Raise ForbiddenError where somebody would give away more than they have."""
    if not call.caller.grants.cover(given):
        raise ForbiddenError(
            "This would give away more than you may do yourself.",
            hint="GET /api/v1/me shows what you may.",
        )


ROUTES: Final = (
    Route(
        method="GET",
        path="/roles",
        permission="people:roles:read",
        summary="List roles and their permissions",
        handler=Reads(_list),
        gives=Roles,
    ),
    Route(
        method="GET",
        path="/roles/{name}",
        permission="people:roles:read",
        summary="Show a role",
        handler=Reads(_show),
        gives=RoleRecord,
    ),
    Route(
        method="PUT",
        path="/roles/{name}",
        permission="people:roles:write",
        summary="Make or change a role",
        handler=Changes(taking(RoleForm, _write), _show, makes=True),
        takes=RoleForm,
        gives=RoleRecord,
        codes=("CONFLICT",),
    ),
    Route(
        method="DELETE",
        path="/roles/{name}",
        permission="people:roles:delete",
        summary="Remove a role that nobody has",
        handler=Changes(_remove, _show),
        codes=("CONFLICT",),
    ),
    Route(
        method="GET",
        path="/bindings",
        permission="people:bindings:read",
        summary="List who has which role where",
        handler=Lists(_bindings, narrowed=False),
        query=BindingFilter,
        gives=BindingRecord,
    ),
    Route(
        method="POST",
        path="/bindings",
        permission="people:bindings:create",
        summary="Give somebody a role: everywhere, in a project, or for an API",
        handler=Makes(taking(BindingForm, _bind)),
        takes=BindingForm,
        gives=BindingRecord,
        status=201,
        codes=("CONFLICT",),
    ),
    Route(
        method="GET",
        path="/bindings/{binding_id}",
        permission="people:bindings:read",
        summary="Show a binding",
        handler=Reads(_binding),
        gives=BindingRecord,
    ),
    Route(
        method="DELETE",
        path="/bindings/{binding_id}",
        permission="people:bindings:delete",
        summary="Take a role away",
        handler=Changes(_unbind, _binding),
    ),
)
