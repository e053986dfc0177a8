"""What holds for the SQL of every question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.errors import QueryError
from penstock.model.types import Attribute, Column, DataType, Key, Relationship, Table
from penstock.query.types import Json
from penstock.sql.types import Statement
from support import samples
from support.ask import answer, open_gate, problems, read
from support.flights import AGENT, ANALYST, FLIGHTS, POLICIES, model
from support.queries import HOSTILE, queries

GATE = open_gate(FLIGHTS, POLICIES)
COUNT: dict[str, Json] = {"fields": {"flight": ["count"]}}
TEXT_OPERATORS = [
    *("eq", "neq", "gt", "gte", "lt", "lte", "in", "not_in"),
    *("like", "not_like", "ilike", "contains", "starts_with", "ends_with"),
]


def statement(query: Mapping[str, Json]) -> Statement:
    return answer(query, GATE, ANALYST).rows


@given(operator=st.sampled_from(TEXT_OPERATORS), value=HOSTILE)
def test_no_value_reaches_sql_as_text(operator: str, value: str) -> None:
    hostile = statement({"data": COUNT, "filter": {"carrier": {operator: value}}})
    harmless = statement({"data": COUNT, "filter": {"carrier": {operator: "UA"}}})

    assert hostile.text == harmless.text
    assert "☃" not in hostile.text
    assert len(hostile.parameters) == len(harmless.parameters)


@given(values=st.lists(HOSTILE, min_size=2, max_size=5))
def test_lists_of_one_length_have_one_statement(values: list[str]) -> None:
    hostile = statement({"data": COUNT, "filter": {"carrier": values}})

    assert (
        hostile.text == statement({"data": COUNT, "filter": {"carrier": ["UA"] * len(values)}}).text
    )
    assert hostile.parameters[: len(values)] == tuple(values)


@given(station=HOSTILE)
def test_no_attribute_of_a_principal_reaches_sql_as_text(station: str) -> None:
    who = replace(AGENT, attributes={"stations": (station,)})
    hostile = answer({"data": COUNT}, GATE, who).rows

    assert hostile.text == answer({"data": COUNT}, GATE, AGENT).rows.text
    assert hostile.parameters[0] == station


@given(page=st.tuples(st.integers(0, 1_000_000), st.integers(0, 2**63 - 1)))
def test_no_number_reaches_sql_as_text(page: tuple[int, int]) -> None:
    limit, skip = page
    asked = statement({"data": {**COUNT, "limit": limit, "skip": skip}, "filter": {"month": limit}})
    small = statement({"data": {**COUNT, "limit": 1, "skip": 1}, "filter": {"month": 1}})

    assert asked.text == small.text
    assert asked.parameters == (limit, limit, skip)


NAMED: dict[str, dict[str, Json]] = {
    "an attribute": {"data": {"fields": {"NAME": ["count"]}}},
    "an attribute listed": {"data": {"fields": {"NAME": ["select"]}}},
    "an attribute by table": {"data": {"fields": {"flights.NAME": ["count"]}}},
    "an attribute by path": {"data": {"fields": {"plane.NAME": ["count"]}}},
    "a path": {"data": {"fields": {"NAME.year": ["count"]}}},
    "a compute": {"data": {"fields": {"flight": ["NAME"]}}},
    "a scale": {"data": COUNT, "scale": {"fields": ["NAME"]}},
    "a member of a scale": {"data": COUNT, "scale": {"fields": [["NAME", "carrier"]]}},
    "a granularity": {"data": COUNT, "scale": {"fields": ["flight_date:NAME"]}},
    "a scale with granularity": {"data": COUNT, "scale": {"fields": ["NAME:month"]}},
    "a filter": {"data": COUNT, "filter": {"NAME": 1}},
    "a filter within": {"data": COUNT, "filter": {"or": [{"not": {"NAME": 1}}]}},
    "an operator": {"data": COUNT, "filter": {"carrier": {"NAME": 1}}},
    "an order": {"data": COUNT, "order": {"NAME": "asc"}},
    "an order's compute": {"data": COUNT, "order": {"flight.NAME": "asc"}},
    "a direction": {"data": COUNT, "order": {"flight": "NAME"}},
    "a table": {"data": COUNT, "table_name": "NAME"},
    "a database": {"data": COUNT, "database_name": "NAME"},
    "a key": {"data": COUNT, "NAME": 1},
    "a key within": {"data": {**COUNT, "NAME": 1}},
}


def renamed(raw: Json, name: str) -> Json:
    if isinstance(raw, str):
        return raw.replace("NAME", name)
    if isinstance(raw, Mapping):
        return {key.replace("NAME", name): renamed(value, name) for key, value in raw.items()}
    if isinstance(raw, list):
        return [renamed(value, name) for value in raw]
    return raw


@pytest.mark.parametrize("place", NAMED)
@given(name=HOSTILE)
@settings(max_examples=20)
def test_no_name_reaches_sql(place: str, name: str) -> None:
    query = renamed(NAMED[place], name)
    assert isinstance(query, Mapping)

    found = problems(lambda: statement(query))

    assert found
    assert all(isinstance(problem, QueryError) for problem in found)


IDENTIFIERS = st.text(min_size=1, max_size=8).filter(lambda text: "\0" not in text)


@given(names=st.lists(IDENTIFIERS, min_size=4, max_size=4, unique_by=str.lower))
def test_even_the_names_of_a_team_are_quoted(names: list[str]) -> None:
    relation, key, value, other = names
    hostile = Table(
        name="t",
        database="demo",
        source=(relation,),
        attributes={
            "k": Attribute(name="k", type=DataType.STRING, source=Column(key)),
            "v": Attribute(name="v", type=DataType.INTEGER, source=Column(value)),
        },
        relationships={
            "o": Relationship(name="o", table="o", keys=(Key("k", "k", key, key),)),
        },
    )
    asked: dict[str, Json] = {
        "data": {"fields": {"t.v": ["sum"], "o.v": ["count"]}},
        "scale": {"fields": ["t.k"]},
        "filter": {"t.k": "x"},
    }
    gate = open_gate(model(hostile, replace(hostile, name="o", source=(other,), relationships={})))
    connection = CONNECTION.cursor()
    for name in (relation, other):
        tree = (
            f"CREATE OR REPLACE TEMP TABLE {quoted(name)} ({quoted(key)} TEXT, {quoted(value)} INT)"
        )
        connection.execute(tree)
        connection.execute(f"INSERT INTO {quoted(name)} VALUES ('x', 2), ('y', 3)")

    assert read(connection, answer(asked, gate).rows).to_pylist() == [
        {"t.k": "x", "t.v_sum": 2, "o.v_count": 1}
    ]
    for name in (relation, other):
        connection.execute(f"DROP TABLE {quoted(name)}")


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


CONNECTION = duckdb.connect(config={"threads": 1})
SAMPLES = samples.connect()
SAMPLE_GATE = open_gate(samples.SAMPLES)


@given(query=queries(samples.SAMPLES, "samples"))
@settings(max_examples=300)
def test_the_database_understands_every_valid_question(query: dict[str, Json]) -> None:
    answered = answer(query, SAMPLE_GATE)
    found = read(SAMPLES, answered.rows)

    assert found.column_names == [column.name for column in answered.plan.columns]
    for field, column in zip(found.schema, answered.plan.columns, strict=True):
        assert fits(str(field.type), column.type), (column, field.type)
    if answered.count is not None:
        (total,) = read(SAMPLES, answered.count)["rows"].to_pylist()
        assert found.num_rows == max(
            0, min(total - whole(query, "skip", 0), whole(query, "limit", 5_000))
        )


def whole(query: Mapping[str, Json], name: str, default: int) -> int:
    data = query["data"]
    assert isinstance(data, Mapping)
    number = data.get(name, default)
    assert isinstance(number, int)
    return number


_FITTING = {
    DataType.BOOLEAN: ("bool",),
    DataType.INTEGER: ("int8", "int16", "int32", "int64"),
    DataType.FLOAT: ("float", "double"),
    DataType.DECIMAL: ("decimal128",),
    DataType.STRING: ("string",),
    DataType.DATE: ("date32",),
    DataType.TIMESTAMP: ("timestamp[us]",),
    DataType.TIMESTAMP_TZ: ("timestamp[us, tz=",),
    DataType.TIME: ("time64",),
    DataType.BYTES: ("binary",),
    DataType.JSON: ("string",),
}


def fits(found: str, declared: DataType) -> bool:
    return found.startswith(_FITTING[declared])
