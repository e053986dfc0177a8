"""Logging in with a password, logging out, and who one is."""

from __future__ import annotations

import math
from typing import Final

import msgspec

from penstock.errors import AuthenticationError, ConflictError, Kind, PenstockError
from penstock.manager.forms import LoginForm
from penstock.manager.passwords import is_password
from penstock.manager.resources.people import NewToken
from penstock.manager.routes import Call, Makes, Open, Reads, Route, asking, taking
from penstock.store import subjects, tokens
from penstock.store.attempts import AttemptRepository
from penstock.store.grants import Grant
from penstock.store.subjects import SubjectRecord
from penstock.store.tokens import TokenRecord
from penstock.store.unit import Actor, ActorKind, Look, Work, looking

_FREE: Final = 5  # attempts that cost nothing: people mistype
_FREE_FROM_ONE_PLACE: Final = 50  # many may come through one proxy


class ThrottledError(PenstockError):
    """Too many logins failed, for this name or from this address."""

    code = "TOO_MANY_ATTEMPTS"
    kind = Kind.THROTTLED
    title = "Too many attempts"

    def __init__(self, seconds: float) -> None:
        super().__init__("Too many logins failed.", hint="Wait, then try again.")
        self.retry_after = max(1, math.ceil(seconds))


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who the token is of, and what they may do."""

    kind: ActorKind
    id: str
    name: str
    grants: tuple[Grant, ...]


def _prove(call: Call, form: LoginForm) -> SubjectRecord:
    """Return whose password it is. Every attempt counts until it succeeds."""
    attempts = AttemptRepository(call.context.database)
    name = f"name {form.name.lower()}"
    address = f"address {call.caller.actor.address}"
    wait = attempts.begin({name: _FREE, address: _FREE_FROM_ONE_PLACE}, call.now)
    if wait > 0:
        raise ThrottledError(wait)
    with looking(call.context.database) as look:
        known = subjects.login_of(look, form.name)
    if not is_password(known[1] if known else None, form.password) or known is None:
        raise AuthenticationError("The name or the password is wrong.")
    attempts.succeeded(name, address)
    return known[0]


def _login(work: Work, call: Call, subject: SubjectRecord) -> NewToken:
    kind = ActorKind.PERSON
    actor = Actor(kind, subject.id, subject.name, work.by.address, work.by.request)
    own = Work(work.session, actor, work.now, work.random, work.notes)
    expires = work.now + call.context.settings.session_seconds
    record, secret = tokens.create(own, subject, "login", expires)
    return NewToken(**msgspec.structs.asdict(record), token=secret.reveal())


def _logout(work: Work, call: Call, _: object) -> TokenRecord:
    if call.caller.token is None:
        raise ConflictError("Whoever holds the state folder is not logged in.")
    return tokens.revoke(work, call.caller.token)


def _me(_: Look, call: Call) -> Me:
    actor = call.caller.actor
    return Me(kind=actor.kind, id=actor.id, name=actor.name, grants=call.caller.grants.grants)


ROUTES: Final = (
    Route(
        method="POST",
        path="/login",
        permission=Open.ANYBODY,
        summary="Exchange a password for a token, shown this once",
        handler=Makes(taking(SubjectRecord, _login), asking(LoginForm, _prove)),
        takes=LoginForm,
        gives=NewToken,
        codes=("UNAUTHENTICATED", "TOO_MANY_ATTEMPTS"),
    ),
    Route(
        method="POST",
        path="/logout",
        permission=Open.KNOWN,
        summary="End the token that this is sent with",
        handler=Makes(_logout),
        gives=TokenRecord,
        codes=("CONFLICT",),
    ),
    Route(
        method="GET",
        path="/me",
        permission=Open.KNOWN,
        summary="Show who one is, and what one may do",
        handler=Reads(_me),
        gives=Me,
    ),
)
