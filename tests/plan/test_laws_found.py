"""What comparing random questions with a naive evaluator (tests/laws) has found, in short."""

from __future__ import annotations

import duckdb
import pytest

from penstock.model.types import DataType
from penstock.plan.types import Output
from penstock.query.types import Json
from support.ask import Row, answer, open_gate, problems, run
from support.flights import columns, formula, model, relationship, table

_D, _I, _S = DataType.DATE, DataType.INTEGER, DataType.STRING

_SIZE = "CASE WHEN seats > 100 THEN 'large' ELSE 'small' END"
FLEET = model(
    table(
        "trips",
        columns(day=_D, plane=_I, miles=_I),
        relationship("craft", "planes", plane="id"),
        rows=3,
        labels={"plane": ("craft", "size")},
    ),
    table(
        "planes",
        {**columns(id=_I, seats=_I), "size": formula("size", _SIZE, "seats", type_=_S)},
        rows=9,
    ),
)


@pytest.fixture(scope="module")
def fleet() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(
        "CREATE TABLE trips AS SELECT * FROM (VALUES (DATE '2013-01-01', 1, 10),"
        " (DATE '2013-02-01', NULL, 20), (DATE '2013-02-02', 7, 30)) t(day, plane, miles)"
    )
    connection.execute("CREATE TABLE planes AS SELECT 1 AS id, 200 AS seats")
    return connection


def ask(fleet: duckdb.DuckDBPyConnection, query: dict[str, Json]) -> list[Row]:
    return run(fleet, answer(query, open_gate(FLEET)).rows)


def test_a_row_that_is_not_there_has_no_formulas(fleet: duckdb.DuckDBPyConnection) -> None:
    by_size: dict[str, Json] = {
        "data": {"fields": {"miles": ["sum"]}},
        "scale": {"fields": ["size"]},
    }

    assert ask(fleet, by_size) == [("large", 10), (None, 50)]


def test_a_key_that_leads_nowhere_has_no_label(fleet: duckdb.DuckDBPyConnection) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"miles": ["sum"]}},
        "scale": {"fields": ["plane"]},
    }

    assert ask(fleet, query) == [(1, "large", 10), (7, None, 30), (None, None, 20)]


def test_a_key_named_in_two_ways_has_its_label_twice(fleet: duckdb.DuckDBPyConnection) -> None:
    fields: Json = {"plane": ["select"], "trips.plane": ["select"]}

    rows = ask(fleet, {"data": {"fields": fields}, "order": {"plane": "asc"}})

    assert rows[0] == (1, "large", 1, "large")


def test_what_a_total_drops_from_the_scale_it_computes() -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"plane": ["select"]}},
        "scale": {"fields": ["plane"]},
        "total": {"all": []},
    }
    (total,) = answer(query, open_gate(FLEET)).plan.totals

    assert [measure.name for measure in total.plan.measures] == ["plane"]
    assert all(isinstance(measure, Output) for measure in total.plan.measures)
    assert [column.name for column in total.plan.columns] == ["plane"]


def test_a_page_without_scales_has_a_past(fleet: duckdb.DuckDBPyConnection) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"miles": ["sum"]}, "skip": 0},
        "filter": {"day": {"during": "2013-02"}},
        "evol": {"scale": "month"},
    }

    assert ask(fleet, query) == [(50, 10)]


def test_nothing_is_ordered_by_its_past() -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"miles": ["sum"]}},
        "scale": {"fields": ["day:month"]},
        "evol": {"scale": "month"},
        "order": {"miles_sum_1": "asc"},
    }
    (problem,) = problems(lambda: answer(query, open_gate(FLEET)))

    assert problem.pointer == "/order/miles_sum_1"


def test_a_time_written_in_two_ways_is_one_time(fleet: duckdb.DuckDBPyConnection) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"miles": ["sum"]}},
        "scale": {"fields": ["day:month"]},
        "filter": {"trips.day": {"gte": "2013-02-01"}},
        "evol": {"scale": "month"},
    }

    assert [row[1:] for row in ask(fleet, query)] == [(50, 10)]


TRADE = model(
    table(
        "orders",
        columns(buyer=_I, amount=_I),
        relationship("who", "people", buyer="id"),
        rows=3,
    ),
    table(
        "people",
        {
            **columns(id=_I, nation=_S, balance=_I, amount_sum=_I),
            "worth": formula("worth", "SUM(balance)", "balance", type_=_I, aggregates=True),
        },
        rows=2,
    ),
)


def test_an_aggregate_that_is_only_filtered_by_counts_each_row_once_too() -> None:
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(
        "CREATE TABLE people AS SELECT 1 AS id, 'it' AS nation, 100 AS balance, 0 AS amount_sum;"
        "CREATE TABLE orders AS SELECT 1 AS buyer, unnest([5, 6, 7]) AS amount"
    )
    query: dict[str, Json] = {
        "data": {"fields": {"amount": ["sum"]}},
        "scale": {"fields": ["nation"]},
        "filter": {"worth": 100},
    }

    assert run(connection, answer(query, open_gate(TRADE)).rows) == [("it", 18)]


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        (
            {"data": {"fields": {"amount": ["sum"], "balance": ["sum"], "amount_sum": ["select"]}}},
            "/data/fields/amount_sum",
        ),
        (
            {
                "data": {"fields": {"amount_sum": ["select"], "balance": ["sum"]}},
                "having": {"amount": {"sum": {"gt": 1}}},
            },
            "/having",
        ),
    ],
)
def test_no_two_facts_have_columns_of_one_name(asked: dict[str, Json], pointer: str) -> None:
    query: dict[str, Json] = {**asked, "scale": {"fields": ["nation"]}}
    (problem,) = problems(lambda: answer(query, open_gate(TRADE)))

    assert (problem.code, problem.pointer) == ("INVALID_QUERY", pointer)
    assert "'amount_sum'" in problem.detail
