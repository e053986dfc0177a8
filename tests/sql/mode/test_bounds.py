"""Nothing that is sent can make the reading of it take for ever, or end the process."""

from __future__ import annotations

import pytest

from penstock.sql.mode.tongues import DIALECTS
from sql.mode.worlds import translated
from support.ask import problems

MANY = 3_000


def wide(columns: str, times: int) -> str:
    """Double the columns of a WITH by each further part of it."""
    parts = [f"w{i} AS (SELECT {columns} FROM w{i - 1})" for i in range(1, times)]
    return f"WITH w0 AS (SELECT * FROM orders), {', '.join(parts)} SELECT * FROM w{times - 1}"


def crowded(times: int) -> str:
    """Double the readings of a table by each further part of a WITH."""
    parts = [f"w{i} AS (SELECT a.id FROM w{i - 1} AS a, w{i - 1})" for i in range(1, times)]
    return f"WITH w0 AS (SELECT id FROM orders), {', '.join(parts)} SELECT id FROM w{times - 1}"


HUGE = {
    "brackets": f"SELECT {'(' * MANY}1{')' * MANY}",
    "functions": f"SELECT {'ABS(' * MANY}1{')' * MANY}",
    "subqueries": f"SELECT * FROM {'(SELECT * FROM ' * MANY}orders{')' * MANY}",
    "negations": f"SELECT {'NOT ' * MANY}TRUE",
    "signs": f"SELECT {'- ' * MANY}1",
    "cases": f"SELECT {'CASE WHEN ' * MANY}1{' THEN 1 END' * MANY}",
    "additions": f"SELECT 1{' + 1' * MANY}",
    "unions": f"SELECT 1{' UNION SELECT 1' * MANY}",
    "casts": f"SELECT 1{'::INT' * MANY}",
    "types": f"SELECT CAST(1 AS {'ARRAY<' * MANY}INT{'>' * MANY})",
    "structs": f"SELECT CAST(1 AS {'STRUCT<a ' * MANY}INT{'>' * MANY})",
    "joins": f"SELECT 1 FROM orders{' CROSS JOIN orders' * MANY}",
    "names": f"SELECT {'a.' * MANY}a FROM orders",
    "braces": f"SELECT {'{' * MANY}{'}' * MANY}",
    "lambdas": f"SELECT f({'x -> ' * MANY}1)",
    "comments": f"SELECT {'/*' * MANY}{'*/' * MANY}1",
    "words": f"SELECT {'a ' * 100_000}",
    "letters": f"SELECT {'a' * 300_000}",
    "values": f"SELECT id FROM orders WHERE id IN ({'1,' * 20_000}1)",
    "columns": f"SELECT {'id,' * 1_000}id FROM orders",
    "widening": wide("*, *", 12),
    "crowding": crowded(12),
    "parts": f"WITH {', '.join(f'w{i} AS (SELECT 1)' for i in range(100))} SELECT 1",
    "dates": f"SELECT {'DATE ' * MANY}'2020-01-01'",
    "intervals": f"SELECT {'INTERVAL ' * MANY}'1' DAY",
}


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE.keys())
@pytest.mark.parametrize("dialect", [None, "duckdb", "snowflake", "spark", "mysql"])
def test_what_is_huge_is_refused(text: str, dialect: str | None) -> None:
    assert problems(lambda: translated(text, dialect=dialect))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_nests_as_deep_as_it_may_is_read(dialect: str) -> None:
    nested = f"{'(' * 30}1{')' * 30}"

    assert translated(f"SELECT id FROM orders WHERE id = {nested}", dialect=dialect)


def test_a_long_row_of_conditions_is_not_deep() -> None:
    text = " OR ".join(f"id = {number}" for number in range(900))

    assert translated(f"SELECT id FROM orders WHERE {text}")


def test_a_long_list_is_read() -> None:
    text = ", ".join(f"'owner {number}'" for number in range(9_000))

    assert len(translated(f"SELECT id FROM orders WHERE owner IN ({text})")[1].parameters) > 9_000


def test_an_unknown_dialect_is_told() -> None:
    assert [each.code for each in problems(lambda: translated("SELECT 1", dialect="cobol"))] == [
        "INVALID_QUERY"
    ]
