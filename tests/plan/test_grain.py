"""A measure is counted once for each row of its own table, wherever one table could answer all."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest

from penstock.model.types import DataType, Relationship
from penstock.plan.types import Plan
from penstock.query.types import Json
from support.ask import Row, answer, open_gate, run
from support.flights import columns, model, relationship, table

_I, _S = DataType.INTEGER, DataType.STRING


def one_to_one(name: str, to: str, **keys: str) -> Relationship:
    return replace(relationship(name, to, **keys), one_to_one=True)


TRADE = model(
    table("nations", columns(nation_id=_I, nation=_S), rows=2),
    table(
        "customers",
        columns(customer_id=_I, customer_nation=_I, balance=_I),
        relationship("home", "nations", customer_nation="nation_id"),
        rows=3,
    ),
    table(
        "suppliers",
        columns(supplier_id=_I, supplier_nation=_I, credit=_I),
        relationship("home", "nations", supplier_nation="nation_id"),
        rows=2,
    ),
    table(
        "orders",
        columns(order_id=_I, buyer=_I, total=_I),
        relationship("customer", "customers", buyer="customer_id"),
        one_to_one("bill", "bills", order_id="billed_order"),
        rows=3,
    ),
    table("bills", columns(billed_order=_I, paid=_I, method=_S), rows=3),
    table(
        "lines",
        columns(line_order=_I, quantity=_I, part=_S),
        relationship("order", "orders", line_order="order_id"),
        rows=5,
    ),
)

_ROWS = """
CREATE TABLE nations AS FROM (VALUES (1, 'it'), (2, 'fr')) t(nation_id, nation);
CREATE TABLE customers AS FROM (VALUES (1, 1, 100), (2, 1, 10), (3, 2, 1))
  t(customer_id, customer_nation, balance);
CREATE TABLE suppliers AS FROM (VALUES (1, 1, 5), (2, 1, 6))
  t(supplier_id, supplier_nation, credit);
CREATE TABLE orders AS FROM (VALUES (1, 1, 70), (2, 1, 20), (3, 3, 30))
  t(order_id, buyer, total);
CREATE TABLE bills AS FROM (VALUES (1, 7, 'card'), (2, 2, 'cash'), (3, 3, 'card'))
  t(billed_order, paid, method);
CREATE TABLE lines AS FROM (VALUES (1, 4, 'bolt'), (1, 3, 'nut'), (2, 2, 'nut'), (3, 1, 'nut'),
  (3, 2, 'bolt')) t(line_order, quantity, part);
"""


@pytest.fixture(scope="module")
def trade() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(_ROWS)
    return connection


def ask(
    trade: duckdb.DuckDBPyConnection, fields: Json, *scales: str, **other: Json
) -> tuple[Plan, list[Row]]:
    query: dict[str, Json] = {"data": {"fields": fields}, **other}
    if scales:
        query["scale"] = {"fields": [*scales]}
    answered = answer(query, open_gate(TRADE))
    return answered.plan, run(trade, answered.rows)


def test_customers_and_suppliers_of_a_nation_do_not_multiply_each_other(
    trade: duckdb.DuckDBPyConnection,
) -> None:
    plan, rows = ask(trade, {"balance": ["sum"], "credit": ["sum", "count"]}, "nation")

    assert plan.table == "customers, suppliers"
    assert rows == [("fr", 1, None, None), ("it", 110, 11, 2)]


def test_the_total_of_an_order_is_counted_once_beside_its_lines(
    trade: duckdb.DuckDBPyConnection,
) -> None:
    plan, rows = ask(trade, {"total": ["sum", "avg"], "quantity": ["sum"]}, "nation")

    assert plan.table == "orders, lines"
    assert rows == [("fr", 30, 30.0, 3), ("it", 90, 45.0, 9)]


def test_what_is_only_tested_of_groups_is_counted_once_too(
    trade: duckdb.DuckDBPyConnection,
) -> None:
    having: Json = {"balance": {"sum": {"eq": 100}}}

    _, rows = ask(trade, {"quantity": ["sum"]}, "customer_id", having=having)

    assert rows == [(1, 9)]


def test_a_measure_whose_table_cannot_reach_the_scale_is_answered_with_a_warning(
    trade: duckdb.DuckDBPyConnection,
) -> None:
    plan, rows = ask(trade, {"total": ["sum"], "quantity": ["sum"]}, "part")

    assert plan.table == "lines"
    assert rows == [("bolt", 100, 6), ("nut", 120, 6)]
    assert "'total' is of 'orders'" in (plan.warning or "")
    assert "'quantity'" not in (plan.warning or "")


def test_a_forced_table_sees_a_measure_once_for_each_of_its_rows(
    trade: duckdb.DuckDBPyConnection,
) -> None:
    plan, rows = ask(trade, {"total": ["sum"]}, "nation", table_name="lines")

    assert plan.table == "lines"
    assert rows == [("fr", 60), ("it", 160)]
    assert "'total' is of 'orders'" in (plan.warning or "")


def test_what_is_the_same_however_often_it_is_met_needs_no_table_of_its_own(
    trade: duckdb.DuckDBPyConnection,
) -> None:
    fields: Json = {"total": ["min", "max", "count_distinct"], "quantity": ["sum"]}

    plan, rows = ask(trade, fields, "nation")

    assert (plan.table, plan.warning) == ("lines", None)
    assert rows == [("fr", 30, 30, 1, 3), ("it", 20, 70, 2, 9)]


def test_a_one_to_one_relationship_multiplies_nothing(trade: duckdb.DuckDBPyConnection) -> None:
    plan, rows = ask(trade, {"total": ["sum"], "paid": ["sum"]}, "method")

    assert plan.table == "orders"
    assert "once more" not in (plan.warning or "")
    assert rows == [("card", 100, 10), ("cash", 20, 2)]


def test_a_larger_table_that_multiplies_nothing_is_preferred_without_a_word() -> None:
    small = table("a", columns(k=_I, day=_I), relationship("b", "b", k="key"), rows=1)
    large = table("b", columns(key=_I, amount=_I), rows=9)
    query: dict[str, Json] = {"data": {"fields": {"amount": ["sum"]}}}

    plan = answer(query, open_gate(model(small, large))).plan

    assert plan.warning is None
    assert [(c.table, c.verdict) for c in plan.candidates] == [
        ("a", "can answer, but counts amount more than once"),
        ("b", "chosen: counts fewest measures more than once"),
    ]
