"""Numbers that must come out right, on the database itself."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.model.types import Attribute, DataType
from penstock.policy.permit import Gate
from penstock.query.types import Json
from support.ask import Row, answer, open_gate, run
from support.flights import columns, formula, model, table

_I, _F, _S = DataType.INTEGER, DataType.FLOAT, DataType.STRING
CONNECTION = duckdb.connect(config={"threads": 1})


def asked(rows: pa.Table, attributes: dict[str, Attribute], **fields: list[str]) -> Row:
    """Ask for fields of a table that has these rows; return the one row of the answer."""
    CONNECTION.register("t", rows)
    gate = open_gate(model(table("t", attributes)))
    query: dict[str, Json] = {"data": {"fields": dict(fields)}}
    (row,) = run(CONNECTION, answer(query, gate).rows)
    return row


def ask_samples(
    gate: Gate, connection: duckdb.DuckDBPyConnection, query: dict[str, Json]
) -> list[Row]:
    return run(connection, answer(query, gate).rows)


NARROW = [("int8", 127), ("int16", 32_767), ("int32", 2**31 - 1)]


@pytest.mark.parametrize(("width", "most"), NARROW)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n * n", lambda n: n * n),
        ("n + n + n", lambda n: 3 * n),
        ("-n - n - n", lambda n: -3 * n),
        ("COALESCE(n, 0) * COALESCE(n, 0)", lambda n: n * n),
        ("CASE WHEN n > 0 THEN n ELSE 0 END * 1000", lambda n: n * 1000),
        ("ABS(n) * n", lambda n: n * n),
        ("(n)", lambda n: n),
        ("CAST(n AS INTEGER) * CAST(n AS SMALLINT)", lambda n: n * n),
    ],
)
def test_a_formula_has_the_width_of_the_language(
    width: str, most: int, text: str, expected: object
) -> None:
    assert callable(expected)
    rows = pa.table({"n": pa.array([most, None], type=pa.type_for_alias(width))})
    attributes = {**columns(n=_I), "f": formula("f", text, "n", type_=_I)}

    assert asked(rows, attributes, f=["sum"]) == (expected(most),)


@given(numbers=st.lists(st.integers(-(2**15), 2**15 - 1), min_size=1, max_size=9))
def test_a_sum_of_products_is_exact(numbers: list[int]) -> None:
    rows = pa.table({"n": pa.array(numbers, type=pa.int16())})
    attributes = {
        **columns(n=_I),
        "squared": formula("squared", "n * n", "n", type_=_I),
        "total": formula("total", "SUM(n * n) - SUM(n)", "n", type_=_I, aggregates=True),
    }

    squares = sum(n * n for n in numbers)
    assert asked(rows, attributes, squared=["sum"], total=["select"]) == (
        squares,
        squares - sum(numbers),
    )


@pytest.mark.parametrize(
    ("numbers", "total"),
    [
        ([2**63 - 1, 0], 2**63 - 1),
        ([2**62, 2**62 - 1], 2**63 - 1),
        ([-(2**63), 2**63 - 1], -1),
        ([2**63 - 1, 2**63 - 1, -(2**63)], 2**63 - 2),
        ([None, None], None),
        ([], None),
    ],
)
def test_a_sum_that_fits_is_exact(numbers: list[int | None], total: int | None) -> None:
    rows = pa.table({"n": pa.array(numbers, type=pa.int64())})

    assert asked(rows, columns(n=_I), n=["sum"]) == (total,)


@pytest.mark.parametrize("numbers", [[2**63 - 1, 1], [-(2**63), -1]])
def test_a_sum_that_does_not_fit_is_an_error_and_no_number(numbers: list[int]) -> None:
    rows = pa.table({"n": pa.array(numbers, type=pa.int64())})

    with pytest.raises(duckdb.ConversionException, match="out of range"):
        asked(rows, columns(n=_I), n=["sum"])


def test_an_average_of_large_numbers_does_not_overflow() -> None:
    rows = pa.table({"n": pa.array([2**63 - 1] * 3, type=pa.int64())})

    assert asked(rows, columns(n=_I), n=["avg", "median"]) == (float(2**63 - 1), float(2**63 - 1))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n / 2", 3.5),
        ("n / d", None),
        ("n / (d / d)", None),
        ("n / (d + 0)", None),
        ("MOD(n, d)", None),
        ("n % d", None),
        ("n / d / d", None),
        ("n / (n - 7)", None),
        ("n / 0", None),
        ("n / 0.0", None),
        ("MOD(n, 0)", None),
        ("1 / n * 7", 1.0),
        ("SUM(n) / COUNT(n)", 7.0),
        ("SUM(d) / SUM(d)", None),
    ],
)
def test_a_division_is_a_true_one_and_by_zero_is_null(text: str, expected: float | None) -> None:
    rows = pa.table({"n": pa.array([7], type=pa.int16()), "d": pa.array([0], type=pa.int16())})
    aggregates = "SUM" in text
    attributes = {**columns(n=_I, d=_I), "f": formula("f", text, "n", "d", aggregates=aggregates)}

    assert asked(rows, attributes, f=["select"]) == (expected,)


def test_decimals_are_added_and_compared_exactly(
    sample_gate: Gate, sample_warehouse: duckdb.DuckDBPyConnection
) -> None:
    totals: dict[str, Json] = {"data": {"fields": {"price": ["sum", "min"], "with_tax": ["sum"]}}}
    equal: dict[str, Json] = {"data": {"fields": {"id": ["select"]}}, "filter": {"price": 19.99}}

    assert ask_samples(sample_gate, sample_warehouse, totals) == [
        (Decimal("25.00"), Decimal("0.01"), Decimal("30.000"))
    ]
    assert ask_samples(sample_gate, sample_warehouse, equal) == [(1,)]


def test_computes_leave_nulls_out(
    sample_gate: Gate, sample_warehouse: duckdb.DuckDBPyConnection
) -> None:
    query: dict[str, Json] = {
        "data": {
            "fields": {
                "whole": ["count", "count_distinct", "sum", "min", "median"],
                "name": ["count", "min", "select"],
                "ok": ["count_distinct", "select"],
                "yes": ["select"],
            }
        }
    }

    assert ask_samples(sample_gate, sample_warehouse, query) == [
        (3, 3, 30_000, -7, 7.0, 3, "", "", 2, False, 2)
    ]


def test_nothing_aggregates_to_nothing(
    sample_gate: Gate, sample_warehouse: duckdb.DuckDBPyConnection
) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"whole": ["count", "sum", "avg", "p90"], "yes": ["select"]}},
        "filter": {"id": []},
    }

    assert ask_samples(sample_gate, sample_warehouse, query) == [(0, None, None, None, None)]
    assert ask_samples(sample_gate, sample_warehouse, {**query, "scale": {"fields": ["ok"]}}) == []


CUTS = {
    "second": datetime(2013, 12, 30, 12, 30, 15),  # noqa: DTZ001 - the table's have no zone
    "minute": datetime(2013, 12, 30, 12, 30),  # noqa: DTZ001 - without a zone
    "hour": datetime(2013, 12, 30, 12),  # noqa: DTZ001 - without a zone
    "day": date(2013, 12, 30),
    "week": date(2013, 12, 30),
    "month": date(2013, 12, 1),
    "quarter": date(2013, 10, 1),
    "semester": date(2013, 7, 1),
    "year": date(2013, 1, 1),
    "weekday": 1,
    "month_of_year": 12,
    "hour_of_day": 12,
    "day_of_month": 30,
}


@pytest.mark.parametrize("granularity", CUTS)
def test_a_granularity_cuts_where_the_calendar_does(
    sample_gate: Gate, sample_warehouse: duckdb.DuckDBPyConnection, granularity: str
) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"id": ["count"]}},
        "scale": {"fields": [f"at:{granularity}"]},
        "filter": {"id": 0},
    }

    assert ask_samples(sample_gate, sample_warehouse, query) == [(CUTS[granularity], 1)]


@pytest.mark.parametrize(
    ("day", "granularity", "start"),
    [
        ("2012-02-29", "week", date(2012, 2, 27)),
        ("2012-02-29", "semester", date(2012, 1, 1)),
        ("2013-01-31", "weekday", 4),
        ("2013-01-31", "quarter", date(2013, 1, 1)),
        (None, "month", None),
        (None, "semester", None),
        (None, "weekday", None),
    ],
)
def test_a_date_is_cut_like_a_timestamp(
    sample_gate: Gate,
    sample_warehouse: duckdb.DuckDBPyConnection,
    day: str | None,
    granularity: str,
    start: date | int | None,
) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"id": ["count_distinct"]}},
        "scale": {"fields": [f"day:{granularity}"]},
        "filter": {"day": {"is_null": True} if day is None else day},
    }

    assert [row[0] for row in ask_samples(sample_gate, sample_warehouse, query)] == [start]


def test_text_is_matched_to_the_letter(
    sample_gate: Gate, sample_warehouse: duckdb.DuckDBPyConnection
) -> None:
    def matching(condition: Json) -> list[object]:
        query: dict[str, Json] = {
            "data": {"fields": {"id": ["select"]}},
            "filter": {"name": condition},
            "order": {"id": "asc"},
        }
        return [row[0] for row in ask_samples(sample_gate, sample_warehouse, query)]

    assert matching({"contains": "%"}) == [1]
    assert matching({"contains": "_"}) == [2]
    assert matching({"like": "a_b"}) == [1]
    assert matching({"ilike": "a_b"}) == [1, 2]
    assert matching({"contains": ""}) == [0, 1, 2]
    assert matching({"starts_with": "A"}) == [2]
    assert matching({"not_like": "%b"}) == [0]
