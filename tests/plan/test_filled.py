"""Where a column has a value in each row, its values are counted by counting rows."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pyarrow as pa
import pytest

from penstock.auth.principal import Principal
from penstock.model.types import DataType, Model, Rollup
from penstock.plan.divide import divide_plan
from penstock.plan.types import Aggregated, Plan
from penstock.policy.types import Policies, Role, RowFilter
from penstock.query.types import Json
from penstock.sql.compile import compile_plan
from support.ask import Row, answer, open_gate, run
from support.flights import ANALYST, balance, columns, formula, model, relationship, table

_D, _I, _S = DataType.DATE, DataType.INTEGER, DataType.STRING
POLICIES = Policies(
    roles={
        "analyst": Role(name="analyst"),
        "agent": Role(
            name="agent",
            rows=(RowFilter(tables=("shops",), filter={"shop_name": {"not_equal": "b"}}),),
        ),
    }
)
AGENT = Principal(subject="bob", kind="key", roles=("agent",))
FILLED = frozenset({"sale", "day", "sold", "k", "shop_name", "town_name", "visit", "visited"})


def sales(*, mandatory: bool = True, near: str = "demo") -> Model:
    """Return sales in shops, each of which may be in a town, and visits of shops."""
    shop = replace(relationship("shop", "shops", k="key"), mandatory=mandatory)
    found = model(
        table(
            "sales",
            {
                **columns(sale=_I, day=_D, k=_I, paid=_I),
                "sold": balance("sold", "sold", over="day"),
                "twice": formula("twice", "sale * 2", "sale", type_=_I),
            },
            shop,
            rows=9,
        ),
        table(
            "shops",
            columns(key=_I, shop_name=_S, t=_I),
            replace(relationship("town", "towns", t="id"), mandatory=False),
            rows=5,
        ),
        table("towns", columns(id=_I, town_name=_S), rows=2),
        table("visits", columns(visit=_I, visited=_I), relationship("at", "shops", visited="key")),
    )
    tables = {
        name: replace(
            each,
            database="demo" if name == "sales" else near,
            attributes={n: replace(a, not_null=n in FILLED) for n, a in each.attributes.items()},
        )
        for name, each in found.tables.items()
    }
    return replace(found, tables=tables)


@pytest.fixture(scope="module")
def shops() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("""
        CREATE TABLE sales AS SELECT * FROM (VALUES (1, DATE '2024-01-01', 1, NULL, 5),
          (2, DATE '2024-01-02', 2, 7, 6), (3, DATE '2024-02-02', 2, NULL, 7)
        ) AS t(sale, day, k, paid, sold)""")
    connection.execute("""
        CREATE TABLE shops AS
        SELECT * FROM (VALUES (1, 'a', 9), (2, 'b', NULL)) AS t(key, shop_name, t)""")
    connection.register("towns", pa.table({"id": [9], "town_name": ["x"]}))
    connection.register("visits", pa.table({"visit": [1, 2, 3], "visited": [1, 1, 2]}))
    return connection


def asked(**fields: list[str]) -> dict[str, Json]:
    return {"data": {"fields": dict(fields)}}


def by_shop(**fields: list[str]) -> dict[str, Json]:
    return {**asked(**fields), "scale": {"fields": ["shop_name"]}}


MONTHS: dict[str, Json] = {"scale": {"fields": ["day:month"]}, "evol": {"scale": "month"}}


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        (asked(sale=["count"]), [(3,)]),
        (by_shop(sale=["count"]), [("b", 2), ("a", 1)]),
        (asked(shop_name=["count"]) | {"table_name": "sales"}, [(3,)]),
        (by_shop(sale=["count"]) | {"having": {"sale": {"count": {"gt": 1}}}}, [("b", 2)]),
        (asked(sale=["count"]) | MONTHS, [("2024-02-01", 1, 2), ("2024-01-01", 2, None)]),
        (by_shop(sale=["count"], visit=["count"]), [("b", 2, 1), ("a", 1, 2)]),
        (by_shop(sale=["count"], sold=["sum"]), [("b", 2, 7), ("a", 1, 5)]),
    ],
)
def test_what_each_row_has_is_counted_by_rows(
    shops: duckdb.DuckDBPyConnection, query: dict[str, Json], rows: list[Row]
) -> None:
    found = answer(query, open_gate(sales(), POLICIES), ANALYST).rows

    assert "COUNT(*)" in found.text
    assert 'COUNT("' not in found.text
    assert sorted(map(plain, run(shops, found))) == sorted(map(plain, rows))


def plain(row: Row) -> str:
    return str(tuple(None if cell is None else str(cell) for cell in row))


@pytest.mark.parametrize(
    ("query", "column"),
    [
        (asked(paid=["count"]), '"sales"."paid"'),
        (asked(town_name=["count"]) | {"table_name": "sales"}, '"shop.town"."town_name"'),
        (asked(visit=["count_distinct"]), 'DISTINCT "visits"."visit"'),
    ],
)
def test_what_may_be_null_in_some_row_is_counted_by_its_values(
    query: dict[str, Json], column: str
) -> None:
    found = answer(query, open_gate(sales(), POLICIES), ANALYST).rows

    assert f"COUNT({column})" in found.text
    assert "COUNT(*)" not in found.text


@pytest.mark.parametrize(("mandatory", "who"), [(False, ANALYST), (True, AGENT)])
def test_what_a_partner_has_is_null_where_there_may_be_none(
    shops: duckdb.DuckDBPyConnection, who: Principal, *, mandatory: bool
) -> None:
    query = asked(shop_name=["count"]) | {"table_name": "sales"}
    found = answer(query, open_gate(sales(mandatory=mandatory), POLICIES), who).rows

    assert 'COUNT("shop"."shop_name")' in found.text
    assert run(shops, found) == [(1 if who is AGENT else 3,)]


def test_a_formula_and_the_last_of_a_balance_are_counted_by_their_values(
    shops: duckdb.DuckDBPyConnection,
) -> None:
    found = answer(by_shop(sold=["count"], twice=["count"]), open_gate(sales()), ANALYST).rows

    assert sorted(run(shops, found)) == [("a", 1, 1), ("b", 1, 2)]


def test_totals_count_rows_too() -> None:
    query = by_shop(sale=["count"]) | {"total": {"totals": [["shop_name"]]}}
    plan = answer(query, open_gate(sales()), ANALYST).plan

    (total,) = compile_plan(plan, dialect="duckdb").totals
    assert "COUNT(*)" in total.text


def test_a_database_of_several_counts_its_own_rows() -> None:
    divided = divide_plan(plan_of(by_shop(sale=["count"])))
    (counted,) = divided.fragments[0].plan.measures

    assert is_filled(counted.expression)
    assert not any(is_filled(each.expression) for each in divided.plan.measures)


def test_what_is_joined_from_another_database_is_not_known_to_be_there() -> None:
    divided = divide_plan(plan_of(asked(shop_name=["count"]) | {"table_name": "sales"}))

    assert not any(is_filled(each.expression) for each in divided.plan.measures)


def plan_of(query: dict[str, Json]) -> Plan:
    return answer(query, open_gate(sales(mandatory=False, near="far")), ANALYST).plan


def is_filled(expression: object) -> bool:
    return isinstance(expression, Aggregated) and getattr(expression.argument, "filled", False)


def test_a_column_is_given_once_to_a_join_and_to_a_scale() -> None:
    query = asked(sale=["count"], k=["count_distinct"]) | {"scale": {"fields": ["k", "shop_name"]}}
    (own,) = [f for f in divide_plan(plan_of(query)).fragments if f.name == "sales"]

    assert [key.name for key in own.plan.keys] == ["k"]
    assert own.partial


def test_a_rollup_answers_for_what_is_joined_by_a_key_that_is_not_null() -> None:
    found = sales()
    monthly = replace(
        table("by_shop", columns(k=_I, sales=_I), rows=3),
        rollup=Rollup("sales", {"sales": ("sale", "count")}),
    )
    plan = answer(
        by_shop(sale=["count"]),
        open_gate(replace(found, tables={**found.tables, "by_shop": monthly})),
        ANALYST,
    ).plan

    assert plan.table == "by_shop"
    assert "COUNT(*)" not in compile_plan(plan, dialect="duckdb").rows.text
