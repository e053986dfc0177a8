from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from auth.signing import ED25519, P256, P384, RSA, jwk, jwks, pem
from penstock.auth.jwt import PublicKey
from penstock.auth.keyset import MAX_KEYS, algorithms_of, parse_key_set, parse_pem

SMALL = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 it is to be refused
GOOD = jwk(P256.public_key(), kid="good")


@pytest.mark.parametrize(
    ("key", "algorithms"),
    [
        (RSA.public_key(), {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
        (P256.public_key(), {"ES256"}),
        (P384.public_key(), {"ES384"}),
        (ED25519.public_key(), {"EdDSA"}),
        (ec.generate_private_key(ec.SECP256K1()).public_key(), set()),
    ],
    ids=["RSA", "P-256", "P-384", "Ed25519", "secp256k1"],
)
def test_a_key_decides_what_it_verifies(key: PublicKey, algorithms: set[str]) -> None:
    assert algorithms_of(key) == algorithms
    assert algorithms_of(parse_pem(pem(key))) == algorithms
    assert [k.algorithms for k in parse_key_set(jwks(jwk(key)))] == [algorithms]


def test_a_published_algorithm_narrows_a_key_and_never_widens_it() -> None:
    document = jwks(
        jwk(RSA.public_key(), kid="a", alg="RS512"),
        jwk(RSA.public_key(), kid="b", alg="HS256"),
        jwk(P256.public_key(), kid="c", alg="RS256"),
    )

    assert [sorted(key.algorithms) for key in parse_key_set(document)] == [["RS512"], [], []]


@pytest.mark.parametrize(
    "entry",
    [
        {"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"},
        jwk(RSA),
        jwk(P256),
        jwk(RSA.public_key(), use="enc"),
        jwk(RSA.public_key(), key_ops=["encrypt"]),
        jwk(RSA.public_key(), key_ops="verify"),
        jwk(SMALL.public_key()),
        {**jwk(P256.public_key()), "x": "AAAA"},
        {**jwk(P256.public_key()), "crv": "P-999"},
        {"kty": "RSA", "n": 1, "e": []},
        {"kty": "EC"},
        {"kty": ["RSA"]},
        {},
        [],
        None,
        "key",
    ],
    ids=range(16),
)
def test_what_is_no_public_signing_key_is_left_out(entry: object) -> None:
    document = json.dumps({"keys": [entry, GOOD]}).encode()

    assert [key.kid for key in parse_key_set(document)] == ["good"]
    with pytest.raises(ValueError, match="no public key"):
        parse_key_set(json.dumps({"keys": [entry]}).encode())


@pytest.mark.parametrize(
    "document",
    [b"", b"[]", b"{}", b'{"keys": {}}', b'{"keys": []}', b"\xff", b"<html>", b'{"a":' * 100_000],
    ids=range(8),
)
def test_what_is_no_key_set_is_refused(document: bytes) -> None:
    with pytest.raises(ValueError, match=r"no public key|not a JSON Web Key Set"):
        parse_key_set(document)


def test_a_key_set_is_bounded() -> None:
    assert len(parse_key_set(jwks(*[GOOD] * (MAX_KEYS + 1)))) == MAX_KEYS


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"key",
        RSA.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        pem(SMALL.public_key()),
    ],
    ids=["empty", "text", "private", "small"],
)
def test_only_a_public_key_of_good_size_is_taken_from_a_file(document: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 the words are the library's
        parse_pem(document)
