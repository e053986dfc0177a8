from __future__ import annotations

from typing import TypedDict

from hypothesis import example, given
from hypothesis import strategies as st

from penstock.cache.key import answer_key


class Parts(TypedDict):
    query: bytes
    version: str
    fingerprint: str
    wanted: str


# Few letters and short texts: they run together as often as they can.
TEXT = st.text("ab\0", max_size=3)
PARTS = st.builds(
    Parts,
    query=st.binary(max_size=3),
    version=TEXT,
    fingerprint=TEXT,
    wanted=TEXT,
)


@given(PARTS, PARTS)
@example(
    Parts(query=b"a", version="b", fingerprint="", wanted=""),
    Parts(query=b"", version="ab", fingerprint="", wanted=""),
)
@example(
    Parts(query=b"", version="1:1", fingerprint="", wanted=""),
    Parts(query=b"", version="", fingerprint="1:1", wanted=""),
)
def test_keys_are_equal_exactly_when_all_parts_are(one: Parts, other: Parts) -> None:
    assert (answer_key(**one) == answer_key(**other)) == (one == other)


@given(PARTS, st.text(), st.text())
def test_callers_who_see_different_things_never_share_a_key(
    parts: Parts, mine: str, yours: str
) -> None:
    my_parts, your_parts = parts.copy(), parts.copy()
    my_parts["fingerprint"], your_parts["fingerprint"] = mine, yours
    my_key, your_key = answer_key(**my_parts), answer_key(**your_parts)

    assert (my_key == your_key) == (mine == yours)
