"""What each engine's SQL has of its own: a file for each dialect, a statement for each topic."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pytest
import sqlglot
from sqlglot import exp

from penstock.errors import NotSupportedError
from penstock.plan.build import build_plan
from penstock.plan.types import Plan
from penstock.policy.permit import Gate
from penstock.query.parse import parse_query
from penstock.query.types import Json, Limits
from penstock.sql.compile import compile_plan, compile_rows
from penstock.sql.dialects.find import find_dialect
from penstock.sql.types import Listed, Marker, Sought, Template
from support.ask import ANYBODY
from support.flights import AGENT, ANALYST, SOUTHERNER
from support.golden import TESTS

FOLDER: Final = TESTS / "sql/golden/dialects"
NAMES: Final = (
    "bigquery",
    "clickhouse",
    "databricks",
    "mariadb",
    "mysql",
    "postgres",
    "redshift",
    "snowflake",
    "spark",
    "sqlite",
    "trino",
    "tsql",
)

_COUNT: Final[Mapping[str, Json]] = {"id": ["count"]}


def _by(*scales: str) -> Mapping[str, Json]:
    return {"data": {"fields": _COUNT}, "scale": {"fields": list(scales)}}


def _where(**conditions: Json) -> Mapping[str, Json]:
    return {"data": {"fields": {"id": ["select"]}}, "filter": conditions}


SAMPLES: Final[Mapping[str, Mapping[str, Json]]] = {
    "dates cut short": _by("day:week", "day:month", "day:quarter", "day:semester", "day:year"),
    "numbers of dates": _by("day:weekday", "day:month_of_year", "day:day_of_month"),
    "times cut short": _by("at:second", "at:minute", "at:hour", "at:day", "at:week", "at:month"),
    "moments cut short": _by("at_tz:hour", "at_tz:day", "at_tz:hour_of_day", "at_tz:weekday"),
    "moments in a time zone": {**_by("at_tz:hour", "at_tz:day"), "timezone": "Europe/Paris"},
    "computes": {
        "data": {
            "fields": {
                "whole": ["sum", "min", "avg", "count", "count_distinct", "stddev", "variance"],
                "price": ["sum", "avg"],
                "ratio": ["sum", "avg"],
            }
        }
    },
    "percentiles": {
        "data": {"fields": {"whole": ["median", "p05"]}},
        "scale": {"fields": ["name"]},
    },
    "approximations": {"data": {"fields": {"whole": ["count_approx_distinct"]}}},
    "text patterns": _where(name={"like": "a%", "not_like": "_b", "ilike": "A%"}),
    "literal text": _where(name={"contains": "%", "starts_with": "a", "ends_with": "b"}),
    "values of every type": _where(
        day={"gte": "2013-01-01"},
        at={"lt": "2013-01-01T10:00:00"},
        at_tz={"lt": "2013-01-01T10:00:00Z"},
        clock={"gt": "10:00:00"},
        ok=True,
        price={"between": [1, 2]},
        raw="YWI=",
        ratio=[1.5, None],
        whole=[],
    ),
    "nulls last, and a page": {
        "data": {"fields": {"id": ["select"], "name": ["select"]}, "limit": 10, "skip": 20},
        "order": {"name": "desc", "id": "asc"},
    },
    "distinct rows": {"data": {"fields": {"name": ["select_distinct"]}}, "order": {"name": "asc"}},
    "division and casts": {
        "data": {"fields": {"half": ["avg"], "rest": ["max"], "with_tax": ["sum"]}}
    },
    "the last moment of a group": {
        "data": {"fields": {"stock": ["sum"], "worth": ["avg"], "id": ["count"]}},
        "scale": {"fields": ["day:month"]},
    },
    "long lists": _where(
        id=list(range(9)),
        name=[f'{i} \\ "{i}"' for i in range(9)],
        day={"not_in": [f"2013-01-{i}" for i in range(10, 19)]},
    ),
    "a sum of conditions": {"data": {"fields": {"yes": ["select"]}}},
    "the same groups a year earlier": {
        **_by("day:month", "name"),
        "evol": {"scale": "year", "mode": "date", "depth": 1},
    },
}

FLIGHTS: Final[Mapping[str, Mapping[str, Json]]] = {
    "labels of a page, behind a row filter": {
        "data": {"fields": {"distance": ["sum"]}, "limit": 3},
        "scale": {"fields": ["dest"]},
        "filter": {"origin": "JFK"},
        "order": {"distance": "desc"},
    },
    "how many groups there are": {
        "data": {"fields": {"distance": ["sum"]}, "hints": True},
        "scale": {"fields": ["carrier"]},
    },
}

TOPICS: Final = (*SAMPLES, *FLIGHTS)


@pytest.fixture(scope="module")
def gates(gate: Gate, sample_gate: Gate) -> Mapping[str, Gate]:
    return {"flights": gate, "samples": sample_gate}


def plan_topic(topic: str, gates: Mapping[str, Gate]) -> Plan:
    ours = topic in SAMPLES
    who = ANYBODY if ours else SOUTHERNER if "filter" in FLIGHTS[topic] else ANALYST
    query = SAMPLES[topic] if ours else FLIGHTS[topic]
    asked = parse_query(json.dumps(query).encode(), Limits())
    permitted = gates["samples" if ours else "flights"].permit(asked, who)
    return build_plan(permitted)


def compile_topic(topic: str, dialect: str, gates: Mapping[str, Gate]) -> Template:
    compiled = compile_plan(plan_topic(topic, gates), dialect=dialect)
    return compiled.count or compiled.rows


def named(marker: Marker | Listed | Sought) -> str:
    if isinstance(marker, Marker):
        return marker.parameter.attribute
    if isinstance(marker, Sought):
        return f"keys of {marker.narrowing.by}"
    return f"{len(marker.markers)}×{named(marker.markers[0])}"


def describe(topic: str, dialect: str, gates: Mapping[str, Gate]) -> str:
    """Return a statement as it stands in a golden file, or why there is none."""
    try:
        template = compile_topic(topic, dialect, gates)
    except NotSupportedError as error:
        return f"-- {error.code}: {error.detail}"
    filled = " ".join(map(named, template.markers))
    tree = sqlglot.parse_one(template.text, dialect=find_dialect(dialect).name)
    return f"-- filled: {filled}\n{tree.sql(dialect=find_dialect(dialect).name, pretty=True)}"


def read_golden(dialect: str) -> dict[str, str]:
    """Return the statements of a file by their topics."""
    blocks = (FOLDER / f"{dialect}.sql").read_text(encoding="utf-8").strip().split("\n\n-- topic: ")
    parts = [block.removeprefix("-- topic: ").partition("\n") for block in blocks]
    return {topic: text.removesuffix(";") for topic, _, text in parts}


@pytest.mark.parametrize("name", ["duckdb", "postgres"])
def test_what_is_written_by_itself_is_what_stands_in_a_whole_statement(
    name: str, gates: Mapping[str, Gate]
) -> None:
    dialect = find_dialect(name)
    whole = type("Whole", (type(dialect),), {"writes_alone": False})()
    plans = [plan_topic(topic, gates) for topic in TOPICS]

    assert dialect.writes_alone
    assert [compile_rows(p, dialect) for p in plans] == [compile_rows(p, whole) for p in plans]


@pytest.mark.parametrize("dialect", NAMES)
def test_a_dialect_says_it_in_its_own_way(dialect: str, gates: Mapping[str, Gate]) -> None:
    written = {topic: describe(topic, dialect, gates) for topic in TOPICS}
    if os.environ.get("PENSTOCK_WRITE_GOLDEN"):
        text = "\n\n".join(f"-- topic: {topic}\n{sql};" for topic, sql in written.items())
        (FOLDER / f"{dialect}.sql").write_text(f"{text}\n", encoding="utf-8")

    assert written == read_golden(dialect)


@pytest.mark.parametrize("dialect", NAMES)
@pytest.mark.parametrize("topic", TOPICS)
def test_the_statement_is_one_query_of_its_dialect(
    dialect: str, topic: str, gates: Mapping[str, Gate]
) -> None:
    try:
        template = compile_topic(topic, dialect, gates)
    except NotSupportedError:
        return
    (tree,) = sqlglot.parse(template.text, dialect=find_dialect(dialect).name)

    assert isinstance(tree, exp.Query)
    if "?" in template.text:
        assert template.text.count("?") == len(template.markers)


def test_every_file_is_of_a_dialect() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.sql")) == list(NAMES)


def test_postgres_tests_a_list_of_what_it_found_by_its_keys(gate: Gate) -> None:
    who = replace(AGENT, attributes={"stations": ("JFK", "LGA")})
    query = {"data": {"fields": {"temp": ["avg"]}}, "scale": {"fields": ["carrier"]}}
    asked = parse_query(json.dumps(query).encode(), Limits())

    plan = build_plan(gate.permit(asked, who))
    text = compile_plan(plan, dialect="postgres").rows.text

    assert '("weather"."origin" = $1 OR "weather"."origin" = $2)' in text
    assert '"flights"."origin" IN ($3, $4)' in text
