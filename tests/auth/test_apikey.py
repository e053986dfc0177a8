from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.auth.apikey import Environment, matches, mint, new_key_id, parse

secrets = st.binary(min_size=32, max_size=32)


@given(
    environment=st.sampled_from(Environment), name=st.binary(min_size=9, max_size=9), random=secrets
)
def test_what_was_minted_is_read_back(environment: Environment, name: bytes, random: bytes) -> None:
    key_id = new_key_id(name)
    key, hash_ = mint(environment, key_id, random)

    presented = parse(key.reveal())

    assert presented is not None
    assert (presented.environment, presented.id) == (environment, key_id)
    assert matches(presented.hash, hash_)


def test_a_key_has_its_documented_form() -> None:
    key, hash_ = mint(Environment.TEST, "abc", bytes(31) + b"\x01")

    assert re.fullmatch(r"pk_test_abc_0{42}1[0-9A-Za-z]{6}", key.reveal())
    assert hash_ == hashlib.sha256(b"0" * 42 + b"1").digest()


@given(one=secrets, other=secrets)
def test_different_secrets_have_different_texts(one: bytes, other: bytes) -> None:
    texts = {mint(Environment.LIVE, "a", random)[0].reveal() for random in (one, other)}

    assert len(texts) == len({one, other})


def test_a_key_does_not_print() -> None:
    key, _ = mint(Environment.LIVE, "a", bytes(32))

    assert "pk_" not in f"{key} {key!r}"


@given(random=secrets, data=st.data())
def test_a_typing_error_is_noticed_offline(random: bytes, data: st.DataObject) -> None:
    text = mint(Environment.LIVE, "a1B2", random)[0].reveal()
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters(codec="ascii").filter(lambda c: c != text[place]))

    assert parse(text[:place] + letter + text[place + 1 :]) is None


@given(random=secrets, length=st.integers(0, 67))
def test_a_truncated_key_is_noticed_offline(random: bytes, length: int) -> None:
    text = mint(Environment.LIVE, "a1B2c3D4e5F6g", random)[0].reveal()

    assert len(text) > length
    assert parse(text[:length]) is None


@pytest.mark.parametrize(
    "around", ["{} ", " {}", "{}\n", "\n{}", "{}\x00", "{0}{0}", "{}=", "Bearer {}", "{}é"]
)
def test_nothing_may_stand_around_a_key(around: str) -> None:
    text = mint(Environment.LIVE, "a", bytes(32))[0].reveal()

    assert parse(around.format(text)) is None


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_fewer_random_bytes_make_no_key(size: int) -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        mint(Environment.LIVE, "a", bytes(size))


def test_no_hash_matches_nothing_stored() -> None:
    assert not matches(bytes(32), None)
    assert not matches(b"", None)
    assert matches(bytes(32), bytes(32))
