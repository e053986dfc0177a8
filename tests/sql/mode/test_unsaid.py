"""What a database has no words for is named as the caller wrote it, and nothing else is told."""

from __future__ import annotations

import pytest

from penstock.errors import NotSupportedError
from penstock.policy.types import View
from penstock.query.sql import read_sql
from penstock.query.types import Limits
from penstock.sql.mode.translate import translate_sql
from penstock.sql.mode.types import Translated
from sql.mode.worlds import VIEW


def translated_for(dialect: str, sql: str, view: View = VIEW) -> Translated:
    asked = read_sql({"sql": sql}, Limits())
    return translate_sql(asked.query, view, Limits(), {"shop": dialect})


@pytest.mark.parametrize(
    ("sql", "part"),
    [
        ("SELECT id, TRUNC(o.amount, 1) AS x FROM orders o", "TRUNC(amount, 1)"),
        ("SELECT id FROM orders WHERE 1 < TRUNC(amount, 1)", "TRUNC(amount, 1)"),
        ("SELECT COALESCE(TRUNC(mean, 2), 7) FROM orders", "TRUNC(mean, 2)"),
        ("SELECT TRUNC(LENGTH('SECRET'), 1) AS x", "TRUNC(LENGTH(…), 1)"),
        ("WITH a AS (SELECT id AS b FROM orders) SELECT TRUNC(b, 1) FROM a", "TRUNC(b, 1)"),
        ("SELECT TRUNC((SELECT MAX(id) FROM orders), 1) AS x", "TRUNC((SELECT …), 1)"),
    ],
)
def test_the_part_is_shown_as_it_was_written(sql: str, part: str) -> None:
    with pytest.raises(NotSupportedError) as told:
        translated_for("sqlite", sql)

    assert told.value.detail == f"The database has no way to say this part of the SQL: {part}."
    assert "docs/query-language.md" in (told.value.hint or "")


def test_a_long_part_is_cut_short() -> None:
    inner = " + ".join(["amount"] * 40)

    with pytest.raises(NotSupportedError) as told:
        translated_for("sqlite", f"SELECT TRUNC({inner}, 1) AS x FROM orders")

    assert len(told.value.detail) < 160
    assert "c_amount" not in told.value.detail


@pytest.mark.parametrize(
    "dialect", ["clickhouse", "duckdb", "mysql", "postgres", "spark", "sqlite", "trino"]
)
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT EXTRACT(HOUR FROM CAST(note AS TIMESTAMPTZ)) AS x FROM orders",
        "SELECT SUM(amount) FILTER (WHERE id > 1) AS x FROM orders",
    ],
)
def test_every_engine_is_told_of_parts_and_filters(dialect: str, sql: str) -> None:
    assert translated_for(dialect, sql).template.text


@pytest.mark.parametrize("dialect", ["clickhouse", "duckdb", "postgres", "spark", "sqlite"])
def test_initcap_is_said_without_what_most_engines_are_not_told(dialect: str) -> None:
    assert translated_for(dialect, "SELECT INITCAP(name) AS x FROM orders").template.text
