"""Keys and tokens as an issuer makes them, hostile ones included."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from penstock.auth.issuer import Issuer, KeyPlace, KeySetURL, SharedSecret
from penstock.auth.jwt import PublicKey, TokenVerifier, Trusted, VerifyingKey
from penstock.secret import Secret

NOW = 1_800_000_000.0
ISSUER = "https://id.example.com"
AUDIENCE = "penstock"
SHARED_SECRET = "a shared secret of more than sixty-four bytes, as HS512 would have it"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
P256 = ec.generate_private_key(ec.SECP256R1())
P384 = ec.generate_private_key(ec.SECP384R1())
ED25519 = ed25519.Ed25519PrivateKey.generate()
SIGNERS: Mapping[str, PrivateKey] = {
    "RS256": RSA,
    "PS256": RSA,
    "RS512": RSA,
    "ES256": P256,
    "ES384": P384,
    "EdDSA": ED25519,
}


@dataclass(slots=True)
class HeldKeys:
    """A key source in memory; `refetched` counts how often new keys were asked for."""

    held: dict[tuple[str | None, str], VerifyingKey] = field(default_factory=dict)
    generation: int = 0
    refetched: int = 0
    running: Future[None] | None = None

    def key(self, kid: str | None, algorithm: str) -> VerifyingKey | None:
        return self.held.get((kid, algorithm))

    def refresh(self) -> Future[None] | None:
        self.refetched += 1
        return self.running


def issuer(
    *algorithms: str, key: KeyPlace | None = None, claims: Mapping[str, str] | None = None
) -> Issuer:
    shared = algorithms[0].startswith("HS")
    place = SharedSecret(Secret(SHARED_SECRET)) if shared else KeySetURL("https://id.example.com/")
    return Issuer(
        issuer=ISSUER,
        audience=AUDIENCE,
        algorithms=algorithms,
        key=key or place,
        claims=claims or {},
        roles=("reader",),
    )


def verifier(
    *algorithms: str, keys: HeldKeys | None = None, claims: Mapping[str, str] | None = None
) -> TokenVerifier:
    """Trust one issuer with the keys of `SIGNERS`, under no key id."""
    return TokenVerifier((Trusted(issuer(*algorithms, claims=claims), keys or held(*algorithms)),))


def held(*algorithms: str) -> HeldKeys:
    return HeldKeys({(None, name): verifying_key(name) for name in algorithms})


def verifying_key(algorithm: str) -> VerifyingKey:
    if algorithm.startswith("HS"):
        return SHARED_SECRET.encode()
    return SIGNERS[algorithm].public_key()


def claims(**changes: object) -> dict[str, object]:
    """Return the claims of a good token; a change to None leaves a claim out."""
    good: dict[str, object] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "ada",
        "exp": NOW + 300,
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def sign(algorithm: str = "ES256", kid: str | None = None, **changes: object) -> str:
    key = SHARED_SECRET if algorithm.startswith("HS") else SIGNERS[algorithm]
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers=headers)


def forge(header: Mapping[str, object], secret: bytes | None = None, **changes: object) -> str:
    """Put a token together by hand, with an HMAC where there is a secret, else unsigned."""
    parts = [_base64(json.dumps(part).encode()) for part in (header, claims(**changes))]
    signed = ".".join(parts)
    signature = b""
    if secret is not None:
        signature = hmac.digest(secret, signed.encode(), hashlib.sha256)
    return f"{signed}.{_base64(signature)}"


def pem(key: PublicKey) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def jwk(key: PublicKey | PrivateKey, **members: object) -> dict[str, object]:
    made: dict[str, object]
    if isinstance(key, rsa.RSAPublicKey | rsa.RSAPrivateKey):
        made = RSAAlgorithm.to_jwk(key, as_dict=True)
    elif isinstance(key, ec.EllipticCurvePublicKey | ec.EllipticCurvePrivateKey):
        made = ECAlgorithm.to_jwk(key, as_dict=True)
    else:
        made = OKPAlgorithm.to_jwk(key, as_dict=True)
    return {**made, **members}


def jwks(*keys: Mapping[str, object]) -> bytes:
    return json.dumps({"keys": keys}).encode()


def _base64(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()
