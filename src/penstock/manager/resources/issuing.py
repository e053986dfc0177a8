"""A token for somebody by name, over HTTP: owner and roles are made with it, or nothing is."""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.errors import ForbiddenError
from penstock.manager.forms import IssueForm
from penstock.manager.resources.people import NewToken, check_power
from penstock.manager.resources.roles import check_giving
from penstock.manager.routes import Call, Makes, Route, taking
from penstock.store import bindings, roles, subjects, tokens
from penstock.store.grants import Grant, Scope
from penstock.store.subjects import SubjectDraft, SubjectKind, SubjectRecord
from penstock.store.unit import Work


class IssuedToken(NewToken, frozen=True, kw_only=True):
    """A token with its text, and all roles that its owner has by now."""

    roles: tuple[str, ...]


def _issue(work: Work, call: Call, form: IssueForm) -> IssuedToken:
    owner = _owner(work, call, form)
    held = bindings.of(work, owner.id)
    everywhere = {one.role for one in held if one.scope == Scope()}
    for role in dict.fromkeys(form.roles):
        _give(work, call, owner.id, role, is_held=role in everywhere)
    expires = None if form.expires_in is None else work.now + form.expires_in
    record, secret = tokens.create(work, owner, form.label, expires)
    return IssuedToken(
        **msgspec.structs.asdict(record),
        token=secret.reveal(),
        roles=tuple(sorted({*form.roles, *(one.role for one in held)})),
    )


def _owner(work: Work, call: Call, form: IssueForm) -> SubjectRecord:
    """Return who it is for, made if nobody is called so."""
    kind = SubjectKind.ACCOUNT if form.robot else SubjectKind.PERSON
    known = subjects.find(work, form.name)
    if known is not None and known.kind is kind:
        check_power(work, call, known.id)
        return known
    _check_may(call, f"people:{'accounts' if form.robot else 'people'}:create")
    return subjects.create(work, SubjectDraft(kind=kind, name=form.name))


def _give(work: Work, call: Call, subject: str, name: str, *, is_held: bool) -> None:
    role = roles.get(work, name)
    if is_held:
        return
    _check_may(call, "people:bindings:create")
    check_giving(call, (Grant(permissions=frozenset(role.permissions)),))
    bindings.create(work, subject, name, Scope())


def _check_may(call: Call, permission: str) -> None:
    if not call.caller.grants.allow(permission, Scope()):
        raise ForbiddenError(
            f"This needs the permission {permission}.",
            hint="Ask whoever may bind roles; GET /api/v1/me shows what you have.",
        )


ROUTES: Final = (
    Route(
        method="POST",
        path="/tokens",
        permission="people:tokens:create",
        summary="Make a token for somebody by name, who is made too if need be, with these roles",
        handler=Makes(taking(IssueForm, _issue)),
        takes=IssueForm,
        gives=IssuedToken,
        status=201,
        codes=("CONFLICT",),
    ),
)
