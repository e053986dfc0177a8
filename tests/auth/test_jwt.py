from __future__ import annotations

import base64
import json
from concurrent.futures import Future

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from auth.signing import (
    AUDIENCE,
    ED25519,
    NOW,
    P256,
    RSA,
    SIGNERS,
    HeldKeys,
    forge,
    held,
    issuer,
    jwk,
    pem,
    sign,
    verifier,
    verifying_key,
)
from penstock.auth.jwt import SKEW, Fetching, TokenVerifier, Trusted
from penstock.auth.principal import Principal
from penstock.errors import AuthenticationError

ALGORITHMS = ["HS256", "HS512", "RS256", "PS256", "RS512", "ES256", "ES384", "EdDSA"]


def refusal(tokens: TokenVerifier, text: str, now: float = NOW) -> str:
    """Return the reason in the log, after checking that the caller is told nothing of it."""
    with pytest.raises(AuthenticationError) as caught:
        tokens.verify(text, now)
    assert caught.value.detail == "This request needs a valid credential."
    return str(caught.value.__cause__)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_of_a_trusted_issuer_is_its_subject(algorithm: str) -> None:
    principal = verifier(algorithm).verify(sign(algorithm), NOW)

    assert principal == Principal(
        subject="ada", kind="jwt", roles=("reader",), attributes={}, expires=NOW + 300
    )


def test_a_token_of_another_key_is_refused() -> None:
    keys = HeldKeys({(None, "ES256"): P256.public_key(), (None, "RS256"): RSA.public_key()})
    header, claims, _ = sign("ES256").split(".")
    signature = sign("ES256", sub="somebody else").split(".")[2]

    reason = refusal(verifier("ES256", keys=keys), f"{header}.{claims}.{signature}")

    assert reason == "the signature is wrong"


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "", None, 1, ["HS256"], {}], ids=repr)
@pytest.mark.parametrize("trusted", ["HS256", "RS256"])
def test_an_unsigned_token_is_refused(alg: object, trusted: str) -> None:
    refusal(verifier(trusted), forge({"alg": alg, "typ": "JWT"}))
    refusal(verifier(trusted), forge({"typ": "JWT"}))


@pytest.mark.parametrize("trusted", ["RS256", "ES256", "EdDSA"])
def test_a_public_key_is_never_taken_for_a_shared_secret(trusted: str) -> None:
    public = SIGNERS[trusted].public_key()

    for secret in (pem(public), pem(public).strip(), json.dumps(jwk(public)).encode()):
        refusal(verifier(trusted), forge({"alg": "HS256", "typ": "JWT"}, secret))
        # Not even with a key source that hands out the wrong key.
        keys = HeldKeys({(None, name): public for name in ("HS256", trusted)})
        refusal(verifier(trusted, keys=keys), forge({"alg": "HS256"}, secret))
        refusal(verifier("HS256", keys=keys), forge({"alg": "HS256"}, secret))


@pytest.mark.parametrize("used", ALGORITHMS)
@pytest.mark.parametrize("allowed", ALGORITHMS)
def test_only_the_algorithms_of_the_issuer_are_accepted(used: str, allowed: str) -> None:
    keys = held(*ALGORITHMS)
    tokens = TokenVerifier((Trusted(issuer(allowed), keys),))

    if used == allowed:
        tokens.verify(sign(used), NOW)
    else:
        refusal(tokens, sign(used))


@pytest.mark.parametrize("member", ["jku", "x5u", "jwk", "x5c", "x5t"])
def test_a_token_never_brings_its_own_key(member: str) -> None:
    keys = HeldKeys()
    header = {"alg": "HS256", member: "https://evil.example.com/jwks.json", "kid": "mine"}

    refusal(verifier("HS256", keys=keys), forge(header, b"e" * 64))
    assert isinstance(verifier("ES256").verify(sign("ES256"), NOW), Principal)


@pytest.mark.parametrize(
    "kid",
    ["../../../../dev/null", "' UNION SELECT 'x", "https://evil.example.com", "\x00", "a" * 9999],
)
def test_a_key_id_is_only_ever_compared(kid: str) -> None:
    keys = held("HS256")

    reason = refusal(verifier("HS256", keys=keys), sign("HS256", kid=kid))

    assert reason == "no trusted key has the token's key id and algorithm"


@pytest.mark.parametrize("kid", [1, ["a"], {"a": 1}, True])
def test_a_key_id_is_a_text(kid: object) -> None:
    refusal(verifier("HS256"), forge({"alg": "HS256", "kid": kid}, b"x" * 64))


@pytest.mark.parametrize(
    "header", [{"crit": ["exp"], "exp": 1}, {"crit": ["b64"], "b64": True}, {"crit": []}]
)
def test_a_critical_extension_is_refused(header: dict[str, object]) -> None:
    refusal(verifier("HS256"), forge({"alg": "HS256", **header}, b"x" * 64))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://id.example.com/"},
        {"iss": "https://evil.example.com"},
        {"iss": ["https://id.example.com"]},
        {"iss": None},
        {"aud": "somebody else"},
        {"aud": "penstock-admin"},
        {"aud": []},
        {"aud": ["somebody else"]},
        {"aud": {"penstock": True}},
        {"aud": None},
        {"exp": None},
        {"exp": "never"},
        {"exp": True},
        {"nbf": "always"},
        {"sub": None},
        {"sub": 7},
    ],
    ids=str,
)
def test_every_claim_must_fit(changes: dict[str, object]) -> None:
    text = forge({"alg": "HS256"}, verifying_key_bytes(), **changes)

    refusal(verifier("HS256"), text)


def verifying_key_bytes() -> bytes:
    key = verifying_key("HS256")
    assert isinstance(key, bytes)
    return key


def test_one_of_several_audiences_is_enough() -> None:
    assert isinstance(
        verifier("ES256").verify(sign(aud=["somebody else", AUDIENCE]), NOW), Principal
    )


def test_an_issuers_clock_may_differ_by_a_minute() -> None:
    text = sign(exp=NOW + 100, nbf=NOW)
    tokens = verifier("ES256")

    for _ in ("proved", "remembered"):
        assert tokens.verify(text, NOW - SKEW) == tokens.verify(text, NOW + 100 + SKEW - 1)
        refusal(tokens, text, NOW - SKEW - 1)
        refusal(tokens, text, NOW + 100 + SKEW)


def test_a_token_is_proved_once_until_the_keys_change() -> None:
    keys = held("ES256")
    tokens = verifier("ES256", keys=keys)
    text = sign()

    first = tokens.verify(text, NOW)
    keys.held.clear()
    assert tokens.verify(text, NOW) is first
    keys.generation += 1
    refusal(tokens, text)


def test_the_memo_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.auth.jwt._MEMO_LIMIT", 10)
    tokens = verifier("HS256")

    for number in range(100):
        tokens.verify(sign("HS256", sub=str(number)), NOW)
        refusal(tokens, sign("HS256", sub=str(number), aud="somebody else"))

    assert len(tokens._memo) <= 10  # noqa: SLF001 the bound is what is tested


def test_the_issuer_of_a_token_is_looked_for_among_all() -> None:
    others = Trusted(issuer("RS256"), held("RS256"))
    stale = Trusted(issuer("ES256"), HeldKeys({(None, "ES256"): ED25519.public_key()}))
    tokens = TokenVerifier((others, Trusted(issuer("ES256"), held("ES256"))))

    assert isinstance(tokens.verify(sign("ES256"), NOW), Principal)
    assert isinstance(tokens.verify(sign("RS256"), NOW), Principal)
    refusal(TokenVerifier((others, stale)), sign("ES256"))


def test_a_new_key_id_asks_for_new_keys() -> None:
    keys = HeldKeys(running=Future())
    tokens = verifier("ES256", keys=keys)

    assert tokens.verify(sign(kid="new"), NOW) == Fetching(keys.running or Future())
    keys.held["new", "ES256"] = P256.public_key()
    assert isinstance(tokens.verify(sign(kid="new"), NOW), Principal)
    assert keys.refetched == 1


@pytest.mark.parametrize(
    "text",
    [
        forge({"alg": "ES256", "kid": "new"}, iss="https://evil.example.com"),
        forge({"alg": "ES256", "kid": "new"}, aud="somebody else"),
        forge({"alg": "RS256", "kid": "new"}),
    ],
)
def test_a_token_that_is_not_meant_for_us_asks_for_nothing(text: str) -> None:
    keys = HeldKeys(running=Future())

    refusal(verifier("ES256", keys=keys), text)

    assert keys.refetched == 0


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "..", "...", "a.b.c", "e30.e30.", "e30.e30.e30", "W10.W10.W10"),
        *("\udcff.a.b", "é.é.é", "a" * 16384, "." * 16384, "bnVsbA.bnVsbA.bnVsbA"),
        forge({"alg": "HS256"}, b"x") + "=",
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_what_is_not_a_token_is_refused(text: str) -> None:
    refusal(verifier("HS256"), text)
    refusal(TokenVerifier(), text)


def test_deep_claims_do_not_break_the_reader() -> None:
    deep = '{"a":' * 100_000
    payload = base64.urlsafe_b64encode(deep.encode()).decode().rstrip("=")
    header = forge({"alg": "HS256"}).split(".")[0]

    assert refusal(verifier("HS256"), f"{header}.{payload}.") == "the token's claims are malformed"


TOKENS = verifier("HS256", "HS512")
GOOD = sign("HS256")


@given(data=st.data())
def test_no_mutation_of_a_token_authenticates(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(GOOD)))
    end = data.draw(st.integers(start, min(len(GOOD), start + 6)))
    mutant = GOOD[:start] + data.draw(st.text(max_size=6)) + GOOD[end:]
    assume(mutant != GOOD)

    refusal(TOKENS, mutant)
