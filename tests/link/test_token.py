from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from penstock.link.token import NodeIdentity, node_token, read_node_token

SECRET = b"k" * 32
IDENTITY = NodeIdentity("n-abc", "api_1", "production")
TOKEN = node_token(SECRET, IDENTITY).reveal()


def test_a_token_says_which_node_shows_it() -> None:
    assert read_node_token(SECRET, TOKEN) == IDENTITY


def test_a_token_of_another_manager_is_none() -> None:
    assert read_node_token(b"o" * 32, TOKEN) is None


@given(some.integers(0, len(TOKEN) - 1), some.sampled_from("abc019_-.é \n"))
def test_a_changed_token_is_none(place: int, letter: str) -> None:
    changed = TOKEN[:place] + letter + TOKEN[place + 1 :]

    assert (read_node_token(SECRET, changed) is None) == (changed != TOKEN)


@pytest.mark.parametrize("text", ["", "pn_", "pn_.", "pn_e30.", "x" * 5000, f"{TOKEN}x", TOKEN[3:]])
def test_what_is_no_token_is_none(text: str) -> None:
    assert read_node_token(SECRET, text) is None
