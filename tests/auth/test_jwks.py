from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from auth.origin import Origin, sends
from auth.signing import (
    ED25519,
    NOW,
    P256,
    RSA,
    issuer,
    jwk,
    jwks,
    pem,
    sign,
)
from penstock.auth.issuer import Issuer, KeySetFile, KeySetURL, PublicKeyFile
from penstock.auth.jwks import (
    MAX_AGE,
    PAUSE,
    KeySet,
    open_key_source,
    open_tokens,
)
from penstock.auth.jwt import Fetching
from penstock.auth.principal import Principal
from penstock.errors import AuthenticationError, ConfigurationError
from penstock.events import Event, IssuerKeysFetched, IssuerKeysUnavailable

OLD, NEW = jwk(P256.public_key(), kid="old"), jwk(RSA.public_key(), kid="new")


@dataclass(slots=True)
class Place:
    """What a key set is read from, with a clock that only a test moves."""

    document: bytes | OSError = field(default_factory=lambda: jwks(OLD))
    now: float = 0.0
    reads: int = 0
    noticed: list[Event] = field(default_factory=list)

    def read(self) -> bytes:
        self.reads += 1
        if isinstance(self.document, OSError):
            raise self.document
        return self.document

    def open(self) -> KeySet:
        keys = KeySet("there", self.read, notice=self.noticed.append, clock=lambda: self.now)
        refreshed(keys)
        return keys


def refreshed(keys: KeySet) -> bool:
    """Wait for a fetch if there is one; whether there was."""
    running = keys.refresh()
    if running is not None:
        running.result(timeout=10)
    return running is not None


def test_a_key_is_found_by_its_id_and_its_algorithm() -> None:
    keys = Place(jwks(OLD, NEW)).open()

    assert keys.key("old", "ES256") == P256.public_key()
    assert keys.key("new", "PS256") == RSA.public_key()
    assert keys.key("old", "RS256") is None
    assert keys.key("unknown", "ES256") is None


def test_a_token_without_a_key_id_is_accepted_only_where_there_is_no_choice() -> None:
    assert Place(jwks(OLD, NEW)).open().key(None, "ES256") == P256.public_key()
    assert Place(jwks(OLD, {**OLD, "kid": "twin"})).open().key(None, "ES256") is None


def test_keys_are_fetched_once_a_minute_at_most() -> None:
    place = Place()
    keys = place.open()
    place.document = jwks(OLD, NEW)

    place.now = PAUSE - 1
    assert not refreshed(keys)
    assert keys.key("new", "RS256") is None
    place.now = PAUSE
    assert refreshed(keys)
    assert keys.key("new", "RS256") == RSA.public_key()
    assert place.reads == 2


def test_failed_fetches_count_as_well() -> None:
    place = Place(OSError("down"))
    keys = place.open()

    assert not refreshed(keys)
    assert place.reads == 1


@pytest.mark.parametrize("broken", [OSError("down"), b"<html>", b'{"keys": []}', b""], ids=str)
def test_stale_keys_are_served_while_the_issuer_is_down(broken: bytes | OSError) -> None:
    place = Place()
    keys = place.open()
    place.document, place.now = broken, PAUSE

    assert refreshed(keys)

    assert keys.key("old", "ES256") == P256.public_key()
    assert keys.generation == 1
    assert isinstance(place.noticed[-1], IssuerKeysUnavailable)


def test_a_key_that_was_withdrawn_is_noticed_after_a_while() -> None:
    place = Place(jwks(OLD, NEW))
    keys = place.open()
    before = keys.generation
    place.document, place.now = jwks(NEW), MAX_AGE + 1

    _ = keys.generation  # which starts a fetch, and waits for nothing
    refreshed(keys)

    assert keys.generation == before + 1
    assert keys.key("old", "ES256") is None


def test_the_same_keys_again_are_no_change() -> None:
    place = Place()
    keys = place.open()
    place.now = PAUSE

    assert refreshed(keys)

    assert keys.generation == 1
    assert place.noticed == [IssuerKeysFetched("there", 1)]


def test_whoever_needs_new_keys_waits_for_the_same_fetch() -> None:
    answering = threading.Event()

    def read() -> bytes:
        answering.wait(10)
        return jwks(OLD)

    keys = KeySet("there", read, notice=lambda _: None)
    first, second = keys.refresh(), keys.refresh()
    assert first is second
    assert first is not None
    assert not first.cancel()
    answering.set()
    first.result(timeout=10)

    assert keys.key("old", "ES256") == P256.public_key()


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin(sends(jwks(OLD))).running() as running:
        yield running


def at(url: str, *, allow: bool = True) -> Issuer:
    return issuer("ES256", "RS256", key=KeySetURL(url, allow_private_address=allow))


def test_a_token_is_verified_with_the_keys_of_an_address(origin: Origin) -> None:
    tokens = open_tokens([at(origin.url())])

    assert isinstance(tokens.verify(sign("ES256", kid="old"), NOW), Principal)
    with pytest.raises(AuthenticationError):
        tokens.verify(sign("RS256", kid="new"), NOW)
    assert origin.requests == ["/jwks.json"]


def test_a_rotated_key_is_fetched_when_a_token_names_it(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = open_tokens([at(origin.url())])
    origin.answer = sends(jwks(OLD, NEW))
    monkeypatch.setattr("penstock.auth.jwks.PAUSE", 0.0)

    found = tokens.verify(sign("RS256", kid="new"), NOW)
    assert isinstance(found, Fetching)
    found.done.result(timeout=10)

    assert isinstance(tokens.verify(sign("RS256", kid="new"), NOW), Principal)


def test_an_issuer_that_is_down_does_not_stop_the_start() -> None:
    noticed: list[Event] = []

    tokens = open_tokens([at("http://127.0.0.1:1/jwks.json")], noticed.append)

    assert [type(event) for event in noticed] == [IssuerKeysUnavailable]
    with pytest.raises(AuthenticationError):
        tokens.verify(sign("ES256", kid="old"), NOW)


def test_a_private_address_needs_permission(origin: Origin) -> None:
    noticed: list[Event] = []

    open_key_source(at(origin.url(), allow=False), noticed.append)

    assert origin.requests == []
    assert "allow_private_address" in str(noticed)


def test_a_key_set_may_be_a_file(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    path.write_bytes(jwks(OLD))

    tokens = open_tokens([issuer("ES256", key=KeySetFile(path))])

    assert isinstance(tokens.verify(sign("ES256", kid="old"), NOW), Principal)


def test_a_public_key_may_be_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(pem(ED25519.public_key()))

    tokens = open_tokens([issuer("EdDSA", key=PublicKeyFile(path))])

    assert isinstance(tokens.verify(sign("EdDSA", kid="any"), NOW), Principal)


def test_a_public_key_of_another_kind_is_noticed_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(pem(ED25519.public_key()))

    with pytest.raises(ConfigurationError, match="cannot be used for RS256"):
        open_key_source(issuer("EdDSA", "RS256", key=PublicKeyFile(path)))


@pytest.mark.parametrize("kind", [KeySetFile, PublicKeyFile])
@pytest.mark.parametrize("content", [None, b"", json.dumps({"keys": []}).encode()], ids=str)
def test_a_file_without_a_key_is_an_error_at_the_start(
    tmp_path: Path, kind: type[KeySetFile | PublicKeyFile], content: bytes | None
) -> None:
    path = tmp_path / "keys"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigurationError, match=r"The key file .* cannot be"):
        open_key_source(issuer("ES256", key=kind(path)))


def test_a_shared_secret_verifies_what_it_signed() -> None:
    tokens = open_tokens([issuer("HS256")])

    assert isinstance(tokens.verify(sign("HS256"), NOW), Principal)
