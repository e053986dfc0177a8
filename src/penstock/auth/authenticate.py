"""The credentials of a request -> Principal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import wait
from dataclasses import dataclass, field

from penstock.auth.apikey import PREFIX
from penstock.auth.jwt import Fetching, TokenVerifier
from penstock.auth.keyring import KeyRing
from penstock.auth.principal import Principal
from penstock.auth.refusal import refused
from penstock.errors import SeveralCredentialsError

MAX_CREDENTIAL = 16 * 1024  # bytes; tokens with many groups reach half of it
FETCH_WAIT = 6.0  # seconds that a request waits for an issuer's keys: the fetch takes 5 at most

_BEARER = b"bearer "


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Who is asking, for one project.

    `keys` returns the snapshot that is in force now; `anonymous` is who a caller without any
    credential is, None where one is required.
    """

    keys: Callable[[], KeyRing]
    tokens: TokenVerifier = field(default_factory=TokenVerifier)
    anonymous: Principal | None = None

    def check(
        self, authorization: bytes | None, x_api_key: bytes | None, now: float
    ) -> Principal | Fetching:
        """Return who is asking, or what to wait for before asking again. Never waits itself.

        Raises AuthenticationError, the same for every reason, and SeveralCredentialsError.
        """
        if authorization is None:
            if x_api_key is None:
                return self._keyless()
            return self.keys().authenticate(_text(x_api_key), now)
        if x_api_key is not None:
            raise several_credentials()
        token = _bearer(authorization)
        if token.startswith(PREFIX):
            return self.keys().authenticate(token, now)
        return self.tokens.verify(token, now)

    def authenticate(
        self, authorization: bytes | None, x_api_key: bytes | None, now: float
    ) -> Principal:
        """Return who is asking; waits while an issuer's keys are fetched."""
        found = self.check(authorization, x_api_key, now)
        if isinstance(found, Fetching):
            wait([found.done], timeout=FETCH_WAIT)
            found = self.check(authorization, x_api_key, now)
        return _certain(found)

    async def authenticate_async(
        self, authorization: bytes | None, x_api_key: bytes | None, now: float
    ) -> Principal:
        """Do the same without holding up the event loop, or a thread, meanwhile."""
        found = self.check(authorization, x_api_key, now)
        if isinstance(found, Fetching):
            await asyncio.wait([asyncio.wrap_future(found.done)], timeout=FETCH_WAIT)
            found = self.check(authorization, x_api_key, now)
        return _certain(found)

    def _keyless(self) -> Principal:
        if self.anonymous is None:
            raise refused("no credential was sent")
        return self.anonymous


def find_credentials(
    headers: Iterable[tuple[bytes, bytes]],
) -> tuple[bytes | None, bytes | None]:
    """Return `Authorization` and `X-API-Key` of raw ASGI headers, whose names are in lower case.

    Raises SeveralCredentialsError where one of them is there twice.
    """
    authorization = x_api_key = None
    for name, value in headers:
        if name == b"authorization":
            if authorization is not None:
                raise several_credentials()
            authorization = value
        elif name == b"x-api-key":
            if x_api_key is not None:
                raise several_credentials()
            x_api_key = value
    return authorization, x_api_key


def several_credentials() -> SeveralCredentialsError:
    return SeveralCredentialsError(
        "The request carries more than one credential.",
        hint="Send either 'Authorization' or 'X-API-Key', and send it once.",
    )


def _bearer(authorization: bytes) -> str:
    scheme, credential = authorization[: len(_BEARER)], authorization[len(_BEARER) :]
    if scheme.lower() != _BEARER:
        raise refused("the scheme of the Authorization header is not Bearer")
    return _text(credential)


def _text(credential: bytes) -> str:
    if len(credential) > MAX_CREDENTIAL:
        raise refused("the credential is too long")
    if not credential.isascii():
        raise refused("the credential is not ASCII")
    return str(credential, "ascii")


def _certain(found: Principal | Fetching) -> Principal:
    if isinstance(found, Fetching):
        raise refused("the issuer's keys could not be fetched in time")
    return found
