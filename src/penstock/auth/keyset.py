"""The text of a public key, or of a set of them, -> the keys in it, and what each may verify."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from penstock.auth.issuer import SIGNED
from penstock.auth.jwt import PublicKey

MAX_KEYS = 100

_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_RSA = frozenset(name for name in SIGNED if name.startswith(("RS", "PS")))
_MIN_RSA_BITS = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedKey:
    kid: str | None
    algorithms: frozenset[str]
    key: PublicKey


def parse_pem(document: bytes) -> PublicKey:
    """Read one public key; ValueError for anything else, private keys included."""
    try:
        key = load_pem_public_key(document)
    except UnsupportedAlgorithm as error:
        raise ValueError("the kind of public key is not supported") from error
    return _usable(key)


def parse_key_set(document: bytes) -> tuple[PublishedKey, ...]:
    """Read the public signing keys of a JSON Web Key Set, leaving out what is something else.

    Raises ValueError where there are none, so that a broken answer never replaces good keys.
    """
    try:
        listed = msgspec.json.decode(document, type=dict[str, object]).get("keys")
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError("it is not a JSON Web Key Set") from error
    entries = listed[:MAX_KEYS] if isinstance(listed, list) else []
    keys = tuple(filter(None, map(_published, entries)))
    if not keys:
        raise ValueError("it has no public key that can verify a token")
    return keys


def _published(entry: object) -> PublishedKey | None:
    if not isinstance(entry, dict) or not _is_for_signatures(entry):
        return None
    kid, named = entry.get("kid"), entry.get("alg")
    try:
        key = _usable(PyJWK.from_dict({**entry, "alg": None}).key)
    except (PyJWTError, ValueError, TypeError):
        return None
    able = algorithms_of(key)
    if named is not None:
        able = frozenset(name for name in able if name == named)
    return PublishedKey(kid=kid if isinstance(kid, str) else None, algorithms=able, key=key)


def _is_for_signatures(entry: Mapping[str, object]) -> bool:
    """Leave out encryption keys, shared secrets, and private keys that somebody published."""
    operations = entry.get("key_ops", ["verify"])
    return (
        entry.get("kty") in ("RSA", "EC", "OKP")  # no set: this may be unhashable
        and "d" not in entry
        and entry.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
    )


def _usable(key: object) -> PublicKey:
    if isinstance(key, RSAPublicKey):
        if key.key_size < _MIN_RSA_BITS:
            raise ValueError(f"an RSA key needs {_MIN_RSA_BITS} bits or more")
        return key
    if isinstance(key, EllipticCurvePublicKey | Ed25519PublicKey | Ed448PublicKey):
        return key
    raise ValueError("it is not a public key for RS, PS, ES or EdDSA")


def algorithms_of(key: PublicKey) -> frozenset[str]:
    """Return what a key can be used for, which its kind and curve decide, not the token."""
    match key:
        case RSAPublicKey():
            return _RSA
        case EllipticCurvePublicKey():
            return frozenset(filter(None, [_CURVES.get(key.curve.name)]))
        case _:
            return frozenset({"EdDSA"})
