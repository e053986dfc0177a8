from __future__ import annotations

from dataclasses import replace

import duckdb
import pyarrow as pa
import pytest

from penstock.model.types import Attribute, Column, DataType, Key, Model, Relationship
from penstock.policy.permit import Gate
from penstock.query.types import Json
from support.ask import answer, open_gate, problems, read
from support.flights import ANALYST, columns, model, relationship, table

_I, _S = DataType.INTEGER, DataType.STRING
COUNT: dict[str, Json] = {"fields": {"n": ["count"]}}


@pytest.mark.parametrize(
    ("fields", "scales", "made"),
    [
        ({"carrier": ["select"]}, [], "rows"),
        ({"carrier": ["select_distinct"], "origin": ["select"]}, [], "distinct rows"),
        ({"carrier": ["select"], "flight": ["count"]}, [], "groups"),
        ({"carrier": ["select_distinct"], "flight": ["count"]}, [], "groups"),
        ({"carrier": ["select"]}, ["origin"], "groups"),
        ({"late_share": ["select"]}, [], "groups"),
        ({"late_share": ["select"], "carrier": ["select"]}, [], "groups"),
    ],
)
def test_a_query_lists_rows_or_groups_them(
    gate: Gate, fields: Json, scales: Json, made: str
) -> None:
    plan = answer({"data": {"fields": fields}, "scale": {"fields": scales}}, gate, ANALYST).plan

    assert plan.grouped is (made == "groups")
    assert plan.distinct is (made == "distinct rows")


def test_each_join_is_made_once_and_only_if_needed(gate: Gate) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"seats": ["max"], "plane.engines": ["max"], "flight": ["count"]}},
        "scale": {"fields": ["manufacturer", "origin_airport.name"]},
        "filter": {"or": [{"model": {"is_null": True}}, {"planes.year": {"gt": 2000}}]},
    }
    plan = answer(query, gate, ANALYST).plan

    assert sorted(join.scan.alias for join in plan.joins) == ["origin_airport", "plane"]


# --- labels


def labelled(*keys: Key, name: str = "code") -> Model:
    way = Relationship(name="place", table="places", keys=keys)
    codes = table(
        "codes", columns(n=_I, code=_S, region=_S), way, rows=2, labels={name: ("place", "title")}
    )
    return model(codes, table("places", columns(key=_S, area=_S, title=_S), rows=9))


BY_CODE = Key("code", "key", "code", "key")
BY_REGION = Key("region", "area", "region", "area")


@pytest.mark.parametrize(
    ("found", "places", "names"),
    [
        (labelled(BY_CODE), "('a', 'x', 'A')", ["code", "code_label", "n_count"]),
        (labelled(BY_CODE, BY_REGION), "('a', 'x', 'A'), ('a', 'y', 'B')", ["code", "n_count"]),
        (labelled(BY_REGION), "('a', 'x', 'A'), ('a', 'y', 'B')", ["code", "n_count"]),
    ],
    ids=["the key itself", "a part of the key", "another key"],
)
def test_only_the_whole_key_has_a_label(found: Model, places: str, names: list[str]) -> None:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE codes AS FROM (VALUES (1, 'a', 'x')) t(n, code, region)")
    connection.execute(f"CREATE TABLE places AS FROM (VALUES {places}) t(key, area, title)")
    asked = answer({"data": COUNT, "scale": {"fields": ["code"]}}, open_gate(found))
    (row,) = read(connection, asked.rows).to_pylist()

    assert list(row) == names
    assert row["n_count"] == 1


def test_a_label_may_be_in_another_database() -> None:
    near = labelled(BY_CODE)
    far = replace(near.tables["places"], database="other")
    gate = open_gate(replace(near, tables={**near.tables, "places": far}))
    asked = answer({"data": COUNT, "scale": {"fields": ["code"]}}, gate)

    assert [column.name for column in asked.plan.columns] == ["code", "code_label", "n_count"]


def test_a_granularity_has_no_label() -> None:
    dated = labelled(BY_CODE)
    attributes = dict(dated.tables["codes"].attributes)
    attributes["code"] = replace(attributes["code"], type=DataType.DATE)
    codes = replace(dated.tables["codes"], attributes=attributes)
    gate = open_gate(replace(dated, tables={**dated.tables, "codes": codes}))
    asked = answer({"data": COUNT, "scale": {"fields": ["code:year"]}}, gate)

    assert [column.name for column in asked.plan.columns] == ["code:year", "n_count"]


# --- names


def test_two_columns_of_one_name_are_refused() -> None:
    found = model(table("t", columns(x=_I, x_sum=_I, y=_S)))
    query: dict[str, Json] = {"data": {"fields": {"x": ["sum"], "x_sum": ["select"]}}}
    (problem,) = problems(lambda: answer(query, open_gate(found)))

    assert (problem.code, problem.pointer) == ("INVALID_QUERY", "/data/fields/x_sum")
    assert "'x_sum'" in problem.detail


def test_a_scale_named_like_a_label_is_refused_where_it_is() -> None:
    named = labelled(BY_CODE)
    codes = named.tables["codes"]
    own = {**codes.attributes, "code_label": replace(codes.attributes["region"], name="code_label")}
    gate = open_gate(
        replace(named, tables={**named.tables, "codes": replace(codes, attributes=own)})
    )
    query: dict[str, Json] = {"data": COUNT, "scale": {"fields": ["code", "code_label"]}}
    (problem,) = problems(lambda: answer(query, gate))

    assert problem.pointer == "/scale/fields/1"


def test_capitals_alone_do_not_tell_columns_apart() -> None:
    near = table("a", columns(k=_S, Value=_I), relationship("b", "b", k="key"), rows=1)
    far = table("b", columns(key=_S, value=_I), rows=9)
    query: dict[str, Json] = {
        "data": {"fields": {"k": ["count"]}},
        "scale": {"fields": ["Value", "value"]},
    }
    (problem,) = problems(lambda: answer(query, open_gate(model(near, far))))

    assert problem.code == "INVALID_QUERY"


@pytest.mark.parametrize("way", ["orders", "Orders", "ORDERS"])
def test_a_relationship_may_be_called_like_its_table(way: str) -> None:
    found = model(
        table("orders", columns(n=_I, k=_I), relationship(way, "others", k="key"), rows=1),
        table("others", columns(key=_I, x=_I), rows=9),
    )
    connection = duckdb.connect()
    connection.register("orders", pa.table({"n": [1, 2], "k": [5, 6]}))
    connection.register("others", pa.table({"key": [5], "x": [7]}))
    asked = answer({"data": {"fields": {"n": ["sum"], "x": ["sum"]}}}, open_gate(found))

    assert read(connection, asked.rows).to_pylist() == [{"n_sum": 3, "x_sum": 7}]


def test_an_attribute_may_have_another_name_than_its_column() -> None:
    renamed = Attribute(name="amount", type=_I, source=Column("AMT 01"))
    found = model(table("t", {"amount": renamed, **columns(k=_S)}))
    connection = duckdb.connect()
    connection.register("t", pa.table({"AMT 01": [1, 2], "k": ["a", "a"]}))
    query: dict[str, Json] = {"data": {"fields": {"amount": ["sum"]}}, "scale": {"fields": ["k"]}}

    assert read(connection, answer(query, open_gate(found)).rows).to_pylist() == [
        {"k": "a", "amount_sum": 3}
    ]
