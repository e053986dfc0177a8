"""API keys over HTTP: shown once, then only their hashes are known."""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.auth.keyring import KeyRecord
from penstock.auth.principal import AttributeValue
from penstock.auth.rotation import KeyState, key_state
from penstock.errors import ConfigurationError, ConflictError
from penstock.manager.forms import KeyForm, RotateForm
from penstock.manager.routes import Call, Lists, Makes, Reads, Route, taking
from penstock.store import keys
from penstock.store.keys import KeyDraft, StoredKey
from penstock.store.paging import Page, Reach, Span
from penstock.store.unit import Look, Work


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A key without its secrets; `api` is None for one that opens every API."""

    id: str
    name: str
    api: str | None
    environment: str
    state: KeyState
    roles: tuple[str, ...]
    attributes: dict[str, AttributeValue]
    permissions: tuple[str, ...]
    created: float
    expires: float | None
    old_secret_ends: float | None
    revoked: float | None
    last_used: float | None


class NewKey(KeyView, frozen=True, kw_only=True):
    """A key with its text, which is shown this once."""

    key: str


class KeyFilter(msgspec.Struct, frozen=True, kw_only=True):
    api: str | None = None


def _list(look: Look, call: Call, reach: Reach, span: Span) -> Page[object]:
    wanted = msgspec.convert(call.query, KeyFilter, from_attributes=True)
    return _listed(look, call, (reach, wanted.api), span)


def _list_of(look: Look, call: Call, reach: Reach, span: Span) -> Page[object]:
    return _listed(look, call, (reach, call.ids["api_id"]), span)


def _listed(look: Look, call: Call, wanted: tuple[Reach, str | None], span: Span) -> Page[object]:
    reach, api = wanted
    found = keys.page(look, reach, span, api)
    return Page(items=tuple(_view(one, call.now) for one in found.items), next=found.next)


def _show(look: Look, call: Call) -> KeyView:
    return _view(keys.get(look, call.ids["key_id"]), call.now)


def _make(work: Work, call: Call, form: KeyForm) -> NewKey:
    draft = KeyDraft(
        name=form.name,
        environment=form.environment,
        roles=form.roles,
        attributes=form.attributes,
        permissions=frozenset(form.permissions),
        expires=None if form.expires_in is None else work.now + form.expires_in,
        api=call.ids.get("api_id"),
    )
    record, secret = keys.create(work, draft)
    return _with_text(record, secret.reveal(), work.now)


def _rotate(work: Work, call: Call, form: RotateForm) -> NewKey:
    try:
        record, secret = keys.rotate(work, call.ids["key_id"], form.grace)
    except ConfigurationError as error:
        raise ConflictError(error.detail, hint=error.hint) from error
    return _with_text(record, secret.reveal(), work.now)


def _finish(work: Work, call: Call, _: object) -> KeyView:
    try:
        record = keys.finish_rotation(work, call.ids["key_id"])
    except ConfigurationError as error:
        raise ConflictError(error.detail, hint=error.hint) from error
    return _view(StoredKey(record, None), work.now)


def _revoke(work: Work, call: Call, _: object) -> KeyView:
    return _view(StoredKey(keys.revoke(work, call.ids["key_id"]), None), work.now)


def _with_text(record: KeyRecord, text: str, now: float) -> NewKey:
    view = _view(StoredKey(record, None), now)
    return NewKey(**msgspec.structs.asdict(view), key=text)


def _view(stored: StoredKey, now: float) -> KeyView:
    record = stored.record
    return KeyView(
        id=record.id,
        name=record.name,
        api=record.api,
        environment=record.environment.value,
        state=key_state(record, now),
        roles=record.roles,
        attributes=dict(record.attributes),
        permissions=tuple(sorted(record.permissions)),
        created=record.created,
        expires=record.expires,
        old_secret_ends=record.overlap_ends,
        revoked=record.revoked,
        last_used=stored.last_used,
    )


ROUTES: Final = (
    Route(
        method="GET",
        path="/keys",
        permission="access:keys:read",
        summary="List API keys, never their secrets",
        handler=Lists(_list),
        query=KeyFilter,
        gives=KeyView,
    ),
    Route(
        method="POST",
        path="/keys",
        permission="access:keys:create",
        summary="Make a key that opens every API; it is shown this once",
        handler=Makes(taking(KeyForm, _make)),
        takes=KeyForm,
        gives=NewKey,
        status=201,
    ),
    Route(
        method="GET",
        path="/apis/{api_id}/keys",
        permission="access:keys:read",
        summary="List the keys that open one API alone",
        handler=Lists(_list_of),
        gives=KeyView,
    ),
    Route(
        method="POST",
        path="/apis/{api_id}/keys",
        permission="access:keys:create",
        summary="Make a key that opens one API alone; it is shown this once",
        handler=Makes(taking(KeyForm, _make)),
        takes=KeyForm,
        gives=NewKey,
        status=201,
    ),
    Route(
        method="GET",
        path="/keys/{key_id}",
        permission="access:keys:read",
        summary="Show a key, never its secret",
        handler=Reads(_show),
        gives=KeyView,
    ),
    Route(
        method="POST",
        path="/keys/{key_id}/actions/rotate",
        permission="access:keys:rotate",
        summary="Give a key a second secret, shown this once; the first one works on for a while",
        handler=Makes(taking(RotateForm, _rotate)),
        takes=RotateForm,
        gives=NewKey,
        codes=("CONFLICT",),
    ),
    Route(
        method="POST",
        path="/keys/{key_id}/actions/finish",
        permission="access:keys:rotate",
        summary="End the first secret of a key that rotates",
        handler=Makes(_finish),
        gives=KeyView,
        codes=("CONFLICT",),
    ),
    Route(
        method="POST",
        path="/keys/{key_id}/actions/revoke",
        permission="access:keys:revoke",
        summary="Refuse a key from now on, on every node within 5 seconds",
        handler=Makes(_revoke),
        gives=KeyView,
    ),
)
