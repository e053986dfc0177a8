from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from penstock.auth.apikey import Environment, mint
from penstock.auth.keyring import KeyRecord, KeyRing
from penstock.auth.principal import Principal
from penstock.errors import AuthenticationError

CURRENT, CURRENT_HASH = mint(Environment.LIVE, "key1", b"c" * 32)
NEXT, NEXT_HASH = mint(Environment.LIVE, "key1", b"n" * 32)
OTHER, OTHER_HASH = mint(Environment.LIVE, "key2", b"o" * 32)
RECORD = KeyRecord(
    id="key1",
    name="dashboard",
    environment=Environment.LIVE,
    current=CURRENT_HASH,
    created=0,
    roles=("analyst",),
    attributes={"stations": ("JFK",)},
    permissions=frozenset({"refresh"}),
)
ROTATING = replace(RECORD, next=NEXT_HASH)
NOBODY = "pk_live_nobody_" + mint(Environment.LIVE, "nobody", b"x" * 32)[0].reveal()[15:]


def refusal(ring: KeyRing, text: str, now: float = 0) -> tuple[str, str | None, str | None]:
    with pytest.raises(AuthenticationError) as caught:
        ring.authenticate(text, now)
    return caught.value.detail, caught.value.hint, caught.value.pointer


def test_a_key_is_the_principal_its_record_describes() -> None:
    principal = KeyRing.of([RECORD]).authenticate(CURRENT.reveal(), 0)

    assert principal == Principal(
        subject="key1",
        kind="apikey",
        roles=("analyst",),
        attributes={"stations": ("JFK",)},
        permissions=frozenset({"refresh"}),
    )


def test_the_same_key_is_the_same_principal_the_next_time() -> None:
    ring = KeyRing.of([RECORD])

    assert ring.authenticate(CURRENT.reveal(), 0) is ring.authenticate(CURRENT.reveal(), 1)


def test_both_secrets_work_during_a_rotation() -> None:
    ring = KeyRing.of([ROTATING])

    assert ring.authenticate(CURRENT.reveal(), 0) == ring.authenticate(NEXT.reveal(), 0)


def test_the_old_secret_ends_with_the_overlap_although_it_is_remembered() -> None:
    ring = KeyRing.of([replace(ROTATING, overlap_ends=10.0, expires=20.0)])
    ring.authenticate(CURRENT.reveal(), 9.9)
    ring.authenticate(NEXT.reveal(), 9.9)

    refusal(ring, CURRENT.reveal(), 10)
    assert ring.authenticate(NEXT.reveal(), 19.9).expires == 20
    refusal(ring, NEXT.reveal(), 20)


def test_a_remembered_key_still_expires() -> None:
    ring = KeyRing.of([replace(RECORD, expires=10.0)])
    ring.authenticate(CURRENT.reveal(), 9.9)

    refusal(ring, CURRENT.reveal(), 10)


def test_every_refusal_says_the_same() -> None:
    text = CURRENT.reveal()
    rings = {
        "expired": KeyRing.of([replace(RECORD, expires=-1.0)]),
        "revoked": KeyRing.of([replace(RECORD, revoked=-1.0)]),
        "unknown": KeyRing.of([]),
        "wrong": KeyRing.of([replace(RECORD, current=OTHER_HASH)]),
        "other environment": KeyRing.of([replace(RECORD, environment=Environment.TEST)]),
    }
    said = {refusal(ring, text) for ring in rings.values()}

    assert said == {refusal(KeyRing.of([RECORD]), "not a key")}


def test_the_log_knows_why() -> None:
    with pytest.raises(AuthenticationError) as caught:
        KeyRing.of([replace(RECORD, revoked=-1.0)]).authenticate(CURRENT.reveal(), 0)

    assert str(caught.value.__cause__) == "key key1 is revoked"
    assert CURRENT.reveal() not in repr(caught.value.__cause__)


def test_a_secret_of_one_key_does_not_open_another() -> None:
    ring = KeyRing.of([RECORD, replace(RECORD, id="key2", current=OTHER_HASH)])
    moved = mint(Environment.LIVE, "key2", b"c" * 32)[0]

    refusal(ring, moved.reveal())


def test_a_key_of_nobody_is_not_the_key_of_a_record_without_a_next_secret() -> None:
    refusal(KeyRing.of([RECORD]), mint(Environment.LIVE, "key1", bytes(32))[0].reveal())


def test_guesses_are_not_remembered() -> None:
    ring = KeyRing.of([RECORD])
    for number in range(100):
        refusal(ring, mint(Environment.LIVE, "key1", number.to_bytes(32))[0].reveal())

    assert len(ring._memo) == 0  # noqa: SLF001 the bound is what is tested


def test_a_snapshot_does_not_show_its_keys_in_print() -> None:
    ring = KeyRing.of([RECORD])
    ring.authenticate(CURRENT.reveal(), 0)

    assert CURRENT.reveal() not in repr(ring)
    assert repr(CURRENT_HASH) not in repr(ring)


@st.composite
def mutations(draw: st.DrawFn, text: str) -> str:
    """Return a valid key, changed: replaced, left out, doubled, swapped or turned characters."""
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, min(len(text), start + 8)))
    part = text[start:end]
    changed = draw(
        st.one_of(
            st.text(max_size=8),
            st.sampled_from([part[::-1], part.swapcase(), part * 2, part + "\x00", part + " "]),
        )
    )
    return text[:start] + changed + text[end:]


@given(
    secret=st.binary(min_size=32, max_size=32),
    environment=st.sampled_from(Environment),
    data=st.data(),
)
def test_no_mutation_of_a_valid_key_authenticates(
    secret: bytes, environment: Environment, data: st.DataObject
) -> None:
    key, hash_ = mint(environment, "a1B2c3D4e5F6g", secret)
    record = replace(RECORD, id="a1B2c3D4e5F6g", environment=environment, current=hash_)
    ring = KeyRing.of([record, ROTATING])
    ring.authenticate(key.reveal(), 0)

    mutant = data.draw(mutations(key.reveal()))
    assume(mutant != key.reveal())

    refusal(ring, mutant)


@given(secret=st.binary(min_size=32, max_size=32), data=st.data())
def test_no_mutation_with_a_right_checksum_authenticates(
    secret: bytes, data: st.DataObject
) -> None:
    place, bit = data.draw(st.integers(0, 31)), data.draw(st.integers(0, 7))
    key, hash_ = mint(Environment.LIVE, "key1", secret)
    ring = KeyRing.of([replace(RECORD, current=hash_)])
    changed = bytearray(secret)
    changed[place] ^= 1 << bit

    refusal(ring, mint(Environment.LIVE, "key1", bytes(changed))[0].reveal())
    refusal(ring, mint(Environment.TEST, "key1", secret)[0].reveal())
    assert ring.authenticate(key.reveal(), 0).subject == "key1"
