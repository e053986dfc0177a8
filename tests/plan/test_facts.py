"""Several facts in one question: no number is ever inflated by a join."""

from __future__ import annotations

import duckdb
import pytest

from penstock.errors import NoTableFoundError, PenstockError
from penstock.model.types import DataType
from penstock.policy.types import Policies, Role, RowFilter
from penstock.query.types import Json
from support.ask import ANYBODY, Row, answer, open_gate, problems, run
from support.flights import columns, formula, model, relationship, table

_D, _I, _S = DataType.DATE, DataType.INTEGER, DataType.STRING

SHOP = model(
    table(
        "sales",
        {
            **columns(product=_I, day=_D, amount=_I, store=_S),
            "dearest": formula("dearest", "MAX(amount)", "amount", type_=_I, aggregates=True),
        },
        relationship("item", "products", product="id"),
        rows=3,
        labels={"product": ("item", "name")},
    ),
    table(
        "refunds",
        columns(product=_I, day=_D, refund=_I, reason=_S),
        relationship("item", "products", product="id"),
        rows=3,
    ),
    table("products", columns(id=_I, name=_S, kind=_S), rows=3),
)

_ROWS = """
CREATE TABLE sales AS SELECT * FROM (VALUES
  (1, DATE '2013-01-01', 10, 'a'), (1, DATE '2013-01-02', 10, 'b'), (2, DATE '2013-02-01', 5, 'a')
) t(product, day, amount, store);
CREATE TABLE refunds AS SELECT * FROM (VALUES
  (1, DATE '2013-01-05', 3, 'late'), (1, DATE '2013-02-05', 4, 'bad'),
  (3, DATE '2013-01-05', 1, 'late')
) t(product, day, refund, reason);
CREATE TABLE products AS SELECT * FROM (VALUES
  (1, 'one', 'x'), (2, 'two', 'x'), (3, 'three', 'y')
) t(id, name, kind);
"""

BOTH: dict[str, Json] = {"fields": {"amount": ["sum"], "refund": ["sum"]}}


@pytest.fixture(scope="module")
def shop() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(_ROWS)
    return connection


def ask(shop: duckdb.DuckDBPyConnection, query: dict[str, Json]) -> list[Row]:
    return run(shop, answer(query, open_gate(SHOP)).rows)


def told(query: dict[str, Json]) -> list[PenstockError]:
    return list(problems(lambda: answer(query, open_gate(SHOP))))


def test_a_chasm_between_two_facts_inflates_nothing(shop: duckdb.DuckDBPyConnection) -> None:
    joined = "SELECT SUM(amount), SUM(refund) FROM sales JOIN refunds USING (product)"
    assert shop.sql(joined).fetchall() == [(40, 14)], "what a join would say of product 1"

    rows = ask(shop, {"data": BOTH, "scale": {"fields": ["product"]}})

    assert rows == [(1, "one", 20, 7), (2, "two", 5, None), (3, "three", None, 1)]


def test_facts_without_a_scale_are_one_row(shop: duckdb.DuckDBPyConnection) -> None:
    assert ask(shop, {"data": BOTH}) == [(25, 8)]


def test_a_fan_out_of_one_inflates_nothing(shop: duckdb.DuckDBPyConnection) -> None:
    fields: Json = {"refund": ["sum"], "store": ["count_distinct"], "dearest": ["select"]}

    rows = ask(shop, {"data": {"fields": fields}, "scale": {"fields": ["kind"]}})

    assert rows == [("x", 7, 2, 10), ("y", 1, None, None)]


def test_facts_share_a_name_that_each_has_for_itself(shop: duckdb.DuckDBPyConnection) -> None:
    rows = ask(shop, {"data": BOTH, "scale": {"fields": ["day:month"]}, "order": {"day": "desc"}})

    assert [row[1:] for row in rows] == [(5, 4), (20, 4)]


def test_a_filter_is_applied_to_every_fact(shop: duckdb.DuckDBPyConnection) -> None:
    assert ask(shop, {"data": BOTH, "filter": {"kind": "y"}}) == [(None, 1)]


def test_groups_are_tested_once_they_are_together(shop: duckdb.DuckDBPyConnection) -> None:
    kept = ask(
        shop,
        {
            "data": BOTH,
            "scale": {"fields": ["name"]},
            "having": {"refund": {"count": {"gt": 1}}},
            "filter": {"dearest": {"gte": 10}},
        },
    )

    assert kept == [("one", 20, 7)]


def test_facts_have_a_past_and_a_total(shop: duckdb.DuckDBPyConnection) -> None:
    query: dict[str, Json] = {
        "data": BOTH,
        "scale": {"fields": ["kind", "day:month"]},
        "evol": {"scale": "month"},
        "total": {"kinds": ["kind"]},
    }
    answered = answer(query, open_gate(SHOP))

    assert [row[0:1] + row[2:] for row in run(shop, answered.rows)] == [
        ("x", 20, None, 3, None),
        ("x", 5, 20, 4, 3),
        ("y", None, None, 1, None),
    ]
    (total,) = answered.plan.totals
    assert [key.name for key in total.plan.keys] == ["kind"]
    assert [len(part.keys) for part in total.plan.parts] == [1, 1]


@pytest.mark.parametrize(
    ("asked", "pointer", "names"),
    [
        ({"scale": {"fields": ["store"]}}, "/scale/fields/0", ("refund", "store")),
        ({"filter": {"reason": "late"}}, "/filter/reason", ("amount", "reason")),
    ],
)
def test_what_one_fact_lacks_is_an_error_that_names_both(
    asked: dict[str, Json], pointer: str, names: tuple[str, str]
) -> None:
    (problem,) = told({"data": BOTH, **asked})

    assert isinstance(problem, NoTableFoundError)
    assert problem.pointer == pointer
    assert all(repr(name) in problem.detail for name in names)


@pytest.mark.parametrize(
    "asked",
    [
        {"data": {"fields": {"amount": ["select"], "refund": ["select"]}}},
        {"data": BOTH, "table_name": "sales"},
        {"data": {"fields": {"amount": ["sum"], "nobody": ["sum"]}}},
    ],
)
def test_a_listing_and_a_forced_table_are_of_one_fact(asked: dict[str, Json]) -> None:
    (problem,) = told(asked)

    assert isinstance(problem, NoTableFoundError)


def test_rows_are_guarded_in_every_fact(shop: duckdb.DuckDBPyConnection) -> None:
    late = RowFilter(tables=("refunds",), filter={"reason": "late"})
    near = RowFilter(tables=("sales",), filter={"store": "a"})
    gate = open_gate(SHOP, Policies(roles={"r": Role(name="r", rows=(late, near))}))
    who = type(ANYBODY)(subject="ada", kind="key", roles=("r",))

    assert run(shop, answer({"data": BOTH}, gate, who).rows) == [(15, 4)]
