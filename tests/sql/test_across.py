"""Golden SQL of questions to several databases: what each is asked, and what joins the parts.

The flights are in DuckDB, the planes in SQLite, the airports in PostgreSQL. PENSTOCK_WRITE_GOLDEN=1
writes the file anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from penstock.auth.principal import Principal
from penstock.model.types import DataType
from penstock.plan.build import build_plan
from penstock.policy.permit import Gate
from penstock.query.parse import parse_query
from penstock.query.types import Json, Limits
from penstock.sql.across import JOINING, compile_across, narrow_statement
from penstock.sql.pretty import pretty_sql
from penstock.sql.types import Bound, Statement, Template
from support.flights import AGENT, ANALYST, FLIGHTS, POLICIES

GOLDEN: Final = Path(__file__).parent / "golden" / "across" / "across.sql"
HOMES: Final = {"planes": "fleet", "airports": "places"}
DIALECTS: Final = {"demo": "duckdb", "fleet": "sqlite", "places": "postgres"}
GATE: Final = Gate(
    replace(
        FLIGHTS,
        tables={n: replace(t, database=HOMES.get(n, "demo")) for n, t in FLIGHTS.tables.items()},
    ),
    POLICIES,
)

SUM: Final[Mapping[str, Json]] = {"fields": {"distance": ["sum"]}}
QUESTIONS: Final[Mapping[str, tuple[Mapping[str, Json], Principal]]] = {
    "groups are made where the rows are": (
        {
            "data": {"fields": {"distance": ["sum", "avg", "count"], "dep_delay": ["max"]}},
            "scale": {"fields": ["manufacturer", "flight_date:month"]},
        },
        ANALYST,
    ),
    "medians need the rows": (
        {"data": {"fields": {"distance": ["median"]}}, "scale": {"fields": ["manufacturer"]}},
        ANALYST,
    ),
    "which moment is the last one is seen where the rows meet": (
        {
            "data": {"fields": {"craft_miles": ["sum"], "flight": ["count"]}},
            "scale": {"fields": ["manufacturer"]},
        },
        ANALYST,
    ),
    "filters go to where their attributes are": (
        {
            "data": SUM,
            "scale": {"fields": ["dest_airport.name"]},
            "filter": {"planes.year": {"gt": 2000}, "carrier": ["UA", "AA"]},
            "having": {"distance": {"sum": {"gt": 1000}}},
        },
        ANALYST,
    ),
    "row filters stay with their tables": (
        {"data": SUM, "scale": {"fields": ["dest_airport.name"]}},
        AGENT,
    ),
    "a label is looked up for the answer": (
        {"data": {**SUM, "hints": True}, "scale": {"fields": ["dest"]}},
        ANALYST,
    ),
    "how it was before": (
        {
            "data": SUM,
            "scale": {"fields": ["manufacturer", "flight_date:month"]},
            "filter": {"flight_date": {"during": "2013-Q3"}},
            "evol": {"scale": "month"},
        },
        ANALYST,
    ),
    "a page of rows": (
        {
            "data": {
                "fields": {"flight": ["select"], "distance": ["select"], "model": ["select"]},
                "limit": 10,
            }
        },
        ANALYST,
    ),
}


def describe(query: Mapping[str, Json], who: Principal) -> Iterator[str]:
    asked = parse_query(json.dumps(query).encode(), Limits())
    compiled = compile_across(build_plan(GATE.permit(asked, who)), DIALECTS)
    yield from _statement("rows", compiled.rows)
    if compiled.count is not None:
        yield from _statement("count", compiled.count)


def _statement(name: str, template: Template) -> Iterator[str]:
    for part in template.parts:
        fragment = part.fragment
        narrowed = "".join(f", narrowed by {n.by}.{n.other}" for n in fragment.narrowings)
        kept = ", kept" if fragment.kept else ""
        yield f"-- part {fragment.name!r} of {fragment.plan.database}{narrowed}{kept}"
        yield pretty_sql(part.template.text, DIALECTS[fragment.plan.database])
    yield f"-- {name}"
    yield pretty_sql(template.text, JOINING)


def test_each_database_is_asked_for_its_part() -> None:
    written = "\n\n".join(
        "\n".join([f"-- case: {title}", f"-- query: {json.dumps(query)}", *describe(query, who)])
        for title, (query, who) in QUESTIONS.items()
    )
    if os.environ.get("PENSTOCK_WRITE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(f"{written}\n", encoding="utf-8")

    assert written == GOLDEN.read_text(encoding="utf-8").removesuffix("\n")


def test_a_question_to_one_database_has_no_parts() -> None:
    asked = parse_query(json.dumps({"data": SUM}).encode(), Limits())
    compiled = compile_across(build_plan(GATE.permit(asked, ANALYST)), DIALECTS)

    assert compiled.rows.parts == ()


@pytest.mark.parametrize(
    ("dialect", "first", "marks"),
    [
        ("postgres", "$1", "$2, $3"),
        ("sqlite", "?", "?, ?"),
        ("mysql", "?", "?, ?"),
        ("clickhouse", "{p1: String}", "{p2: String}, {p3: String}"),
        ("trino", "?", "?, ?"),
        ("spark", ":p1", ":p2, :p3"),
    ],
)
def test_a_statement_is_narrowed_after_it_is_written(dialect: str, first: str, marks: str) -> None:
    statement = Statement(f"SELECT a FROM t WHERE b = {first}", ("x",), (DataType.STRING,))
    found = narrow_statement(statement, ("a", DataType.STRING), ("y", "z"), dialect=dialect)

    assert f"FROM ({statement.text})" in found.text
    assert f"IN ({marks})" in found.text
    assert found.parameters == ("x", "y", "z")
    assert found.types == statement.types


@pytest.mark.parametrize(
    ("type_", "values", "listed", "read_as"),
    [
        (DataType.INTEGER, (1, -2), "[1,-2]", "INT[]"),
        (DataType.INTEGER, (1 << 40,), "[1099511627776]", "BIGINT[]"),
        (DataType.INTEGER, (1 << 80,), "[1208925819614629174706176]", "INT128[]"),
        (DataType.STRING, ("it's", '"x"'), '["it\'s","\\"x\\""]', "TEXT[]"),
    ],
)
def test_duckdb_is_given_one_list(
    type_: DataType, values: tuple[Bound, ...], listed: str, read_as: str
) -> None:
    statement = Statement("SELECT ? AS a", ("x",))
    found = narrow_statement(statement, ("a", type_), values, dialect="duckdb")

    assert f"UNNEST(CAST(CAST($2 AS JSON) AS {read_as}))" in found.text
    assert found.parameters == ("x", listed)


def test_a_list_is_filled_up_to_one_of_a_few_lengths() -> None:
    statement = Statement("SELECT 1 AS a", ())
    found = narrow_statement(
        statement, ("a", DataType.INTEGER), (7, 8, 9, 1, 2), dialect="postgres"
    )

    assert found.parameters == (7, 8, 9, 1, 2, 2, 2, 2)


def test_a_statement_narrowed_to_nothing_gives_nothing() -> None:
    found = narrow_statement(
        Statement("SELECT 1 AS a", ()), ("a", DataType.INTEGER), (), dialect="duckdb"
    )

    assert found.text.endswith("WHERE FALSE")
