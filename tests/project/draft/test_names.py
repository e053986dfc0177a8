from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.project.draft.names import singular, to_name
from penstock.project.fields import check_name


@pytest.mark.parametrize(
    ("text", "name"),
    [("a b", "a_b"), ("2020", "_2020"), ("or", "or_"), ("_x", "_x"), ("Ärger", "rger"), ("€", "x")],
)
def test_a_name_is_near_to_what_it_names(text: str, name: str) -> None:
    assert to_name(text, otherwise="x") == name


@given(text=st.text(), taken=st.sets(st.text(max_size=3)))
def test_every_text_becomes_a_name_that_is_free(text: str, taken: set[str]) -> None:
    name = to_name(text, taken)

    assert check_name(name) == name
    assert name not in taken
    assert name.lower() not in {"and", "or", "not"}


@pytest.mark.parametrize(
    ("many", "one"),
    [("customers", "customer"), ("categories", "category"), ("boxes", "box"), ("class", "class")],
)
def test_a_relationship_is_to_one(many: str, one: str) -> None:
    assert singular(many) == one
