from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.engine.duckdb.columns import read_type
from penstock.engine.duckdb.open import quote
from penstock.errors import EngineError
from penstock.model.types import DataType

NAMES = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1)


@given(NAMES)
def test_a_quoted_name_is_one_name_to_the_database(name: str) -> None:
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT 1 AS {quote(name)}").description

    assert [column[0] for column in found] == [name]


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_what_cannot_be_a_name_is_not_quoted(name: str) -> None:
    with pytest.raises(EngineError):
        quote(name)


@pytest.mark.parametrize(
    ("native", "type_"),
    [
        ("BIGINT", DataType.INTEGER),
        ("DECIMAL(18,3)", DataType.DECIMAL),
        ("ENUM('a', 'b')", DataType.STRING),
        ("TIMESTAMP WITH TIME ZONE", DataType.TIMESTAMP_TZ),
        ("INTEGER[]", None),
        ("INTEGER[3]", None),
        ("STRUCT(a INTEGER)", None),
        ("INTERVAL", None),
    ],
)
def test_types_are_the_languages_or_none(native: str, type_: DataType | None) -> None:
    assert read_type(native) is type_
