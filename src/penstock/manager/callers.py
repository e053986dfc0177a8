"""The headers of a request -> who asks, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from penstock.errors import AuthenticationError
from penstock.manager.context import ManagerContext
from penstock.store import tokens
from penstock.store.grants import EVERYTHING, Grants
from penstock.store.subjects import SubjectKind
from penstock.store.unit import Actor, ActorKind, Look

_SCHEME: Final = "bearer"
_LONGEST: Final = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """`token` is the id of what they showed, None for whoever holds the state folder."""

    actor: Actor
    grants: Grants
    token: str | None = None

    @property
    def local(self) -> bool:
        return self.actor.kind is ActorKind.LOCAL


@dataclass(frozen=True, slots=True)
class Credential:
    """What came with a request: the text of the bearer token, from where, in which request."""

    text: str | None
    address: str
    request: str


def bearer(authorization: str | None) -> str | None:
    """Return the text of a bearer token, None for any other header or none."""
    if authorization is None or len(authorization) > _LONGEST:
        return None
    scheme, _, text = authorization.partition(" ")
    return text.strip() if scheme.lower() == _SCHEME else None


def is_local(context: ManagerContext, credential: Credential) -> bool:
    """Whether somebody shows the token of the state folder: no database is asked for that."""
    return context.local_token is not None and context.local_token.matches(credential.text or "")


def recognise(look: Look, context: ManagerContext, credential: Credential) -> Caller:
    """Return who asks. Raises the one AuthenticationError for everything that is wrong."""
    if is_local(context, credential):
        actor = Actor(
            ActorKind.LOCAL,
            "local",
            "whoever holds the state folder",
            credential.address,
            credential.request,
        )
        return Caller(actor=actor, grants=EVERYTHING)
    presented = tokens.parse(credential.text or "")
    proved = None if presented is None else tokens.prove(look, presented, context.clock())
    if proved is None:
        raise AuthenticationError(
            "An access token is needed, one that is valid.",
            hint="Send `Authorization: Bearer pt_…`; POST /api/v1/login gives one for a password.",
        )
    person = proved.subject.kind is SubjectKind.PERSON
    kind = ActorKind.PERSON if person else ActorKind.ACCOUNT
    actor = Actor(
        kind, proved.subject.id, proved.subject.name, credential.address, credential.request
    )
    return Caller(actor=actor, grants=proved.grants, token=proved.token.id)
