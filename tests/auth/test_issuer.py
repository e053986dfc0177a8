from __future__ import annotations

from pathlib import Path

import pytest

from auth.signing import SHARED_SECRET, issuer
from penstock.auth.issuer import (
    Issuer,
    KeyPlace,
    KeySetFile,
    KeySetURL,
    PublicKeyFile,
    SharedSecret,
)
from penstock.errors import ConfigurationError
from penstock.secret import Secret

SHARED = SharedSecret(Secret(SHARED_SECRET))
PUBLIC: tuple[KeyPlace, ...] = (
    PublicKeyFile(Path("key.pem")),
    KeySetFile(Path("keys.json")),
    KeySetURL("https://id.example.com/jwks.json"),
)


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize("key", PUBLIC, ids=lambda key: type(key).__name__)
def test_a_public_key_never_verifies_a_shared_secrets_algorithm(
    algorithm: str, key: KeyPlace
) -> None:
    with pytest.raises(ConfigurationError, match="does not go with this kind of key"):
        issuer(algorithm, key=key)


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_a_shared_secret_never_verifies_an_asymmetric_algorithm(algorithm: str) -> None:
    with pytest.raises(ConfigurationError, match="does not go with this kind of key"):
        issuer(algorithm, key=SHARED)


def test_the_two_kinds_are_never_mixed() -> None:
    with pytest.raises(ConfigurationError, match="RS256 does not go"):
        issuer("HS256", "RS256", key=SHARED)


@pytest.mark.parametrize("algorithm", ["none", "None", "", "hs256", "ES256K", "dir"])
def test_only_known_algorithms_are_allowed(algorithm: str) -> None:
    with pytest.raises(ConfigurationError, match="There is no algorithm"):
        issuer(algorithm, key=PUBLIC[2])


@pytest.mark.parametrize(("algorithm", "size"), [("HS256", 32), ("HS384", 48), ("HS512", 64)])
def test_a_shared_secret_is_as_long_as_its_digest(algorithm: str, size: int) -> None:
    issuer(algorithm, key=SharedSecret(Secret("x" * size)))

    with pytest.raises(ConfigurationError, match="too short") as caught:
        issuer(algorithm, key=SharedSecret(Secret("x" * (size - 1))))
    assert "xxx" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    ("name", "audience", "algorithms"),
    [("", "penstock", ("RS256",)), ("https://a", "", ("RS256",)), ("https://a", "penstock", ())],
)
def test_nothing_that_narrows_may_be_left_out(
    name: str, audience: str, algorithms: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigurationError, match="needs `issuer`, `audience` and `algorithms`"):
        Issuer(issuer=name, audience=audience, algorithms=algorithms, key=PUBLIC[0])
