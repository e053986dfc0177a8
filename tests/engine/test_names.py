from __future__ import annotations

import sqlite3
from contextlib import closing

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.engine.names import BACKTICK, quote, quote_path
from penstock.errors import EngineError

NAMES = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1)


@given(NAMES)
def test_a_quoted_name_is_one_name_to_the_database(name: str) -> None:
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT 1 AS {quote(name)}").description

    assert [column[0] for column in found] == [name]


@given(NAMES)
def test_a_name_in_backticks_is_one_name_to_those_who_read_them(name: str) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        found = connection.execute(f"SELECT 1 AS {quote(name, BACKTICK)}").description

    assert [column[0] for column in found] == [name]


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_what_cannot_be_a_name_is_not_quoted(name: str) -> None:
    with pytest.raises(EngineError):
        quote(name)


def test_each_part_of_a_path_is_quoted() -> None:
    assert quote_path(("a.b", 'c"d')) == '"a.b"."c""d"'
