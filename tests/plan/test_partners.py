from __future__ import annotations

from dataclasses import replace

import duckdb
import pyarrow as pa
import pytest

from penstock.auth.principal import Principal
from penstock.model.types import DataType, Model
from penstock.policy.types import Policies, Role, RowFilter
from penstock.query.types import Json
from support.ask import answer, open_gate, run
from support.flights import ANALYST, columns, model, relationship, table

_I, _S = DataType.INTEGER, DataType.STRING
QUERY: dict[str, Json] = {
    "data": {"fields": {"n": ["sum"]}},
    "scale": {"fields": ["shop_name", "town_name"]},
}

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


def sales(*mandatory: str) -> Model:
    """Return sales in shops in towns, each relationship mandatory if it is named."""
    ways = {
        way.name: replace(way, mandatory=way.name in mandatory)
        for way in (relationship("shop", "shops", k="key"), relationship("town", "towns", t="id"))
    }
    return model(
        table("sales", columns(n=_I, k=_I), ways["shop"], rows=9),
        table("shops", columns(key=_I, shop_name=_S, t=_I), ways["town"], rows=5),
        table("towns", columns(id=_I, town_name=_S), rows=2),
    )


def connect() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.register("sales", pa.table({"n": [1, 2, 4], "k": [1, 2, 2]}))
    connection.register("shops", pa.table({"key": [1, 2], "shop_name": ["a", "b"], "t": [7, 8]}))
    connection.register("towns", pa.table({"id": [7, 8], "town_name": ["x", "y"]}))
    return connection


@pytest.mark.parametrize(
    ("mandatory", "inner"),
    [
        (("shop", "town"), ["shop", "shop.town"]),
        (("shop",), ["shop"]),
        (("town",), []),
        ((), []),
    ],
)
def test_a_join_is_inner_where_each_row_has_its_partner_all_the_way(
    mandatory: tuple[str, ...], inner: list[str]
) -> None:
    plan = answer(QUERY, open_gate(sales(*mandatory), POLICIES), ANALYST).plan

    assert [join.scan.alias for join in plan.joins if join.each] == inner


def test_rows_whose_partner_is_hidden_are_kept() -> None:
    gate = open_gate(sales("shop", "town"), POLICIES)

    assert run(connect(), answer(QUERY, gate, AGENT).rows) == [("a", "x", 1), (None, None, 6)]
    assert run(connect(), answer(QUERY, gate, ANALYST).rows) == [("a", "x", 1), ("b", "y", 6)]
