from __future__ import annotations

import asyncio
from concurrent.futures import Future
from dataclasses import replace

import pytest

from auth.signing import NOW, P256, HeldKeys, sign, verifier
from penstock.auth.apikey import Environment, mint
from penstock.auth.authenticate import MAX_CREDENTIAL, Authenticator, find_credentials
from penstock.auth.keyring import KeyRecord, KeyRing
from penstock.auth.principal import Principal
from penstock.errors import AuthenticationError, SeveralCredentialsError

KEY, HASH = mint(Environment.LIVE, "key1", b"k" * 32)
RECORD = KeyRecord(
    id="key1", name="dashboard", environment=Environment.LIVE, current=HASH, created=0
)
RING = KeyRing.of([RECORD])
ANYBODY = Principal(subject="anybody", kind="anonymous")
STRICT = Authenticator(lambda: RING, verifier("ES256"))
OPEN = replace(STRICT, anonymous=ANYBODY)

TEXT = KEY.reveal().encode()
BEARER = b"Bearer " + TEXT
TOKEN = b"Bearer " + sign("ES256").encode()


@pytest.mark.parametrize(
    ("authorization", "x_api_key", "subject"),
    [
        (BEARER, None, "key1"),
        (None, TEXT, "key1"),
        (b"bearer " + TEXT, None, "key1"),
        (b"BEARER " + TEXT, None, "key1"),
        (TOKEN, None, "ada"),
    ],
    ids=["bearer", "x-api-key", "lower", "upper", "token"],
)
def test_one_good_credential_says_who_is_asking(
    authorization: bytes | None, x_api_key: bytes | None, subject: str
) -> None:
    assert OPEN.authenticate(authorization, x_api_key, NOW).subject == subject


def test_who_sends_nothing_is_anonymous_only_where_the_project_says_so() -> None:
    assert OPEN.authenticate(None, None, NOW) is ANYBODY
    with pytest.raises(AuthenticationError):
        STRICT.authenticate(None, None, NOW)


@pytest.mark.parametrize("authorization", [BEARER, TOKEN, b"", b"Basic YTpi"])
@pytest.mark.parametrize("x_api_key", [TEXT, b"", b"nonsense"])
def test_two_credentials_are_refused_even_if_both_are_good(
    authorization: bytes, x_api_key: bytes
) -> None:
    with pytest.raises(SeveralCredentialsError):
        OPEN.authenticate(authorization, x_api_key, NOW)


WRONG: dict[str, tuple[bytes | None, bytes | None]] = {
    "empty": (b"", None),
    "empty key": (None, b""),
    "no scheme": (TEXT, None),
    "no credential": (b"Bearer", None),
    "empty credential": (b"Bearer ", None),
    "two spaces": (b"Bearer  " + TEXT, None),
    "tab": (b"Bearer\t" + TEXT, None),
    "basic": (b"Basic " + TEXT, None),
    "two in one": (BEARER + b", " + BEARER, None),
    "two keys": (None, TEXT + b"," + TEXT),
    "trailing space": (BEARER + b" ", None),
    "truncated": (BEARER[:-1], None),
    "not ascii": (BEARER[:-1] + b"\xff", None),
    "utf-8": ("Bearer pk_live_é".encode(), None),
    "nul": (BEARER + b"\x00", None),
    "huge key": (None, TEXT + b"a" * 1_000_000),
    "huge token": (b"Bearer " + b"a" * (MAX_CREDENTIAL + 1), None),
    "huge dots": (b"Bearer " + b"." * MAX_CREDENTIAL, None),
    "unknown": (b"Bearer " + mint(Environment.LIVE, "key2", b"k" * 32)[0].reveal().encode(), None),
    "wrong": (b"Bearer " + mint(Environment.LIVE, "key1", b"w" * 32)[0].reveal().encode(), None),
    "token as key": (None, TOKEN.removeprefix(b"Bearer ")),
    "expired token": (b"Bearer " + sign("ES256", exp=NOW - 61).encode(), None),
    "other audience": (b"Bearer " + sign("ES256", aud="other").encode(), None),
}


@pytest.mark.parametrize("headers", WRONG.values(), ids=WRONG.keys())
def test_a_bad_credential_is_refused_and_never_anonymous(
    headers: tuple[bytes | None, bytes | None],
) -> None:
    with pytest.raises(AuthenticationError):
        OPEN.authenticate(*headers, NOW)


def test_every_refusal_is_the_very_same() -> None:
    said: set[tuple[str, ...]] = set()
    for headers in (*WRONG.values(), (None, None)):
        with pytest.raises(AuthenticationError) as caught:
            STRICT.authenticate(*headers, NOW)
        error = caught.value
        said.add((type(error).__name__, error.code, error.detail, str(error.hint), str(error)))

    assert len(said) == 1


def test_the_key_ring_in_force_counts() -> None:
    rings = iter([RING, KeyRing.of([replace(RECORD, revoked=1.0)])])
    authenticator = Authenticator(lambda: next(rings))

    assert authenticator.authenticate(BEARER, None, NOW).subject == "key1"
    with pytest.raises(AuthenticationError):
        authenticator.authenticate(BEARER, None, NOW)


def fetching() -> tuple[Authenticator, HeldKeys, Future[None]]:
    done: Future[None] = Future()
    keys = HeldKeys(running=done)
    return Authenticator(lambda: RING, verifier("ES256", keys=keys)), keys, done


def test_a_caller_waits_while_an_issuers_keys_are_fetched() -> None:
    authenticator, keys, done = fetching()
    keys.held[None, "ES256"] = P256.public_key()
    keys.held["new", "ES256"] = P256.public_key()
    done.set_result(None)

    assert authenticator.authenticate(TOKEN, None, NOW).subject == "ada"


def test_the_event_loop_goes_on_while_keys_are_fetched() -> None:
    authenticator, keys, done = fetching()

    async def ask() -> str:
        asking = asyncio.create_task(authenticator.authenticate_async(TOKEN, None, NOW))
        await asyncio.sleep(0)
        assert authenticator.authenticate(BEARER, None, NOW).subject == "key1"
        assert not asking.done()
        keys.held[None, "ES256"] = P256.public_key()
        done.set_result(None)
        return (await asking).subject

    assert asyncio.run(ask()) == "ada"


def test_a_caller_who_leaves_does_not_stop_the_fetch_of_others() -> None:
    authenticator, _, done = fetching()

    async def leave() -> bool:
        asking = asyncio.create_task(authenticator.authenticate_async(TOKEN, None, NOW))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
        return done.cancelled()

    assert not asyncio.run(leave())


def test_keys_that_do_not_come_in_time_are_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.auth.authenticate.FETCH_WAIT", 0.01)
    authenticator, _, _ = fetching()

    with pytest.raises(AuthenticationError):
        authenticator.authenticate(TOKEN, None, NOW)
    with pytest.raises(AuthenticationError):
        asyncio.run(authenticator.authenticate_async(TOKEN, None, NOW))


def test_credentials_are_found_among_raw_headers() -> None:
    other = (b"accept", b"*/*")

    assert find_credentials([other, (b"authorization", BEARER)]) == (BEARER, None)
    assert find_credentials([(b"x-api-key", TEXT), other]) == (None, TEXT)
    assert find_credentials([other]) == (None, None)


@pytest.mark.parametrize("name", [b"authorization", b"x-api-key"])
def test_a_header_that_comes_twice_is_two_credentials(name: bytes) -> None:
    with pytest.raises(SeveralCredentialsError):
        find_credentials([(name, b"a"), (name, b"a")])
