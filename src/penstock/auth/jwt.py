"""A JSON Web Token of a trusted issuer -> Principal. The clock and the keys come from outside."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWS
from jwt.exceptions import InvalidSignatureError, PyJWTError

from penstock.auth.claims import claimed_principal, claimed_time
from penstock.auth.issuer import Issuer
from penstock.auth.memo import remember
from penstock.auth.principal import Principal
from penstock.auth.refusal import RefusalReason, refused

SKEW = 60.0  # seconds that an issuer's clock may differ from ours

_MEMO_LIMIT = 8_192
_SEGMENTS = 3

PublicKey: TypeAlias = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey | Ed448PublicKey
VerifyingKey: TypeAlias = PublicKey | bytes


class KeySource(Protocol):
    """An issuer's keys, as far as they are known here. Nothing of it waits for anybody."""

    @property
    def generation(self) -> int:
        """A number that changes with the keys: what an older key has proved is proved anew."""
        ...

    def key(self, kid: str | None, algorithm: str) -> VerifyingKey | None:
        """Return the key of that name that may be used with the algorithm."""
        ...

    def refresh(self) -> Future[None] | None:
        """Look for new keys, None where there is nowhere to look or it was done a moment ago."""
        ...


@dataclass(frozen=True, slots=True)
class Fetching:
    """The token names a key we have not seen; ask again when `done`."""

    done: Future[None]


@dataclass(frozen=True, slots=True)
class Trusted:
    """An issuer and its keys."""

    issuer: Issuer
    keys: KeySource


@dataclass(frozen=True, slots=True)
class _Proved:
    principal: Principal
    keys: KeySource
    generation: int
    starts: float
    ends: float


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    algorithm: str
    kid: str | None
    claims: Mapping[str, object]


_jws = PyJWS(options={"enforce_minimum_key_length": True})
_claims = msgspec.json.Decoder(dict[str, object])


@dataclass(frozen=True, slots=True)
class TokenVerifier:
    """Every issuer a project trusts. The memo spares a token its second signature check."""

    trusted: Sequence[Trusted] = ()
    _memo: dict[bytes, _Proved] = field(default_factory=dict, init=False, repr=False, compare=False)

    def verify(self, text: str, now: float) -> Principal | Fetching:
        """Return whose token this is, or raise the one AuthenticationError."""
        digest = hashlib.sha256(text.encode(errors="surrogatepass")).digest()
        proved = self._memo.get(digest)
        if proved is None or proved.generation != proved.keys.generation:
            found = self._prove(text)
            if isinstance(found, Fetching):
                return found
            proved = found
            remember(self._memo, digest, proved, limit=_MEMO_LIMIT)
        if not proved.starts <= now < proved.ends:
            raise refused("the token is not valid at this time")
        return proved.principal

    def _prove(self, text: str) -> _Proved | Fetching:
        if not self.trusted:
            raise refused("no token issuer is trusted")
        try:
            token = _read(text)
            return _prove_by_any(token, [t for t in self.trusted if _is_meant(token, t.issuer)])
        except RefusalReason as reason:
            raise refused(str(reason)) from reason
        except (PyJWTError, ValueError, TypeError) as error:
            why = RefusalReason(f"{type(error).__name__}: {error}")
            raise refused(str(why)) from why


def _read(text: str) -> _Token:
    """Take a token apart. Nothing in it is believed before its signature was checked.

    Of the header only `alg` and `kid` are looked at: `jku`, `x5u`, `x5c` and `jwk` would let a
    token bring its own key along.
    """
    if text.count(".") != _SEGMENTS - 1:
        raise RefusalReason("this is not the text of a token")
    parts = _jws.decode_complete(text, options={"verify_signature": False})
    header: Mapping[str, object] = parts["header"]
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or not isinstance(kid, str | None):
        raise RefusalReason("the token's header is malformed")
    if "crit" in header:
        raise RefusalReason("the token has a critical extension")
    return _Token(text, algorithm, kid, _decode_claims(parts["payload"]))


def _decode_claims(payload: bytes) -> Mapping[str, object]:
    try:
        return _claims.decode(payload)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise RefusalReason("the token's claims are malformed") from error


def _is_meant(token: _Token, issuer: Issuer) -> bool:
    """Whether a token says it is from this issuer, for us, signed in a way we accept."""
    audience = token.claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    return (
        token.claims.get("iss") == issuer.issuer
        and issuer.audience in audiences
        and token.algorithm in issuer.algorithms
    )


def _prove_by_any(token: _Token, candidates: Sequence[Trusted]) -> _Proved | Fetching:
    """Check the signature with every key that the token may have been signed with."""
    waiting: list[Trusted] = []
    for trusted in candidates:
        generation = trusted.keys.generation
        key = trusted.keys.key(token.kid, token.algorithm)
        if key is None:
            waiting.append(trusted)
        elif _is_signed(token, key):
            return _proved(token, trusted, generation)
    done = next(filter(None, (trusted.keys.refresh() for trusted in waiting)), None)
    if done is not None:
        return Fetching(done)
    raise RefusalReason(_why_unproved(len(candidates), len(waiting)))


def _why_unproved(candidates: int, without_key: int) -> str:
    if candidates == 0:
        return "no trusted issuer has the token's issuer, audience and algorithm"
    if candidates == without_key:
        return "no trusted key has the token's key id and algorithm"
    return "the signature is wrong"


def _is_signed(token: _Token, key: VerifyingKey) -> bool:
    try:
        _jws.decode_complete(token.text, key=key, algorithms=[token.algorithm])
    except InvalidSignatureError:
        return False
    return True


def _proved(token: _Token, trusted: Trusted, generation: int) -> _Proved:
    expires = claimed_time(token.claims, "exp")
    if expires is None:
        raise RefusalReason("the token never expires")
    starts = claimed_time(token.claims, "nbf")
    return _Proved(
        principal=claimed_principal(token.claims, trusted.issuer, expires),
        keys=trusted.keys,
        generation=generation,
        starts=-math.inf if starts is None else starts - SKEW,
        ends=expires + SKEW,
    )
