from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from hypothesis import example, given
from hypothesis import strategies as st

from penstock.cache.key import answer_key


class Parts(TypedDict):
    query: bytes
    version: str
    fingerprint: str
    wanted: str
    options: Mapping[str, str]


# Few letters and short texts: they run together as often as they can.
TEXT = st.text("ab\0", max_size=3)
PARTS = st.builds(
    Parts,
    query=st.binary(max_size=3),
    version=TEXT,
    fingerprint=TEXT,
    wanted=TEXT,
    options=st.dictionaries(TEXT, TEXT, max_size=2),
)


@given(PARTS, PARTS)
@example(
    Parts(query=b"a", version="b", fingerprint="", wanted="", options={}),
    Parts(query=b"", version="ab", fingerprint="", wanted="", options={}),
)
@example(
    Parts(query=b"", version="", fingerprint="", wanted="", options={"a": ""}),
    Parts(query=b"", version="", fingerprint="", wanted="", options={"": "a"}),
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


def test_the_order_of_options_means_nothing() -> None:
    one = answer_key(query=b"", version="", fingerprint="", wanted="", options={"a": "1", "b": "2"})
    two = answer_key(query=b"", version="", fingerprint="", wanted="", options={"b": "2", "a": "1"})

    assert one == two
    assert len(one) == 32
