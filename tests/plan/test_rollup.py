"""A roll-up of the real flights: where it answers, its answer is that of the flights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import duckdb
import pytest

from penstock.model.types import DataType, Model, Rollup, Table
from penstock.plan.build import build_plan
from penstock.plan.types import Plan
from penstock.policy.types import Policies, Role, RowFilter
from penstock.query.parse import parse_query
from penstock.query.types import Json, Limits
from penstock.sql.bind import bind_values
from penstock.sql.compile import compile_plan
from support import flights
from support.ask import NOW, Row, answer, open_gate, run
from support.flights import ANALYST, FLIGHTS, columns, relationship, table

_D, _I, _S = DataType.DATE, DataType.INTEGER, DataType.STRING

_DAILY = replace(
    table(
        "daily",
        columns(flight_date=_D, carrier=_S, origin=_S, route=_S)
        | columns(distance_total=_I, delay_total=_I, delays=_I, flights_counted=_I)
        | columns(delay_min=_I, delay_max=_I),
        relationship("airline", "airlines", carrier="carrier"),
        rows=60_000,
    ),
    rollup=Rollup(
        "flights",
        {
            "distance_total": ("distance", "sum"),
            "delay_total": ("dep_delay", "sum"),
            "delays": ("dep_delay", "count"),
            "flights_counted": ("flight", "count"),
            "delay_min": ("dep_delay", "min"),
            "delay_max": ("dep_delay", "max"),
        },
    ),
)
WITH: Final = Model(digest="with a roll-up", tables={**FLIGHTS.tables, "daily": _DAILY})

_MAKE: Final = """
CREATE TABLE daily AS SELECT flight_date, carrier, origin, origin || '-' || dest AS route,
  SUM(distance) AS distance_total, SUM(dep_delay) AS delay_total, COUNT(dep_delay) AS delays,
  COUNT(flight) AS flights_counted, MIN(dep_delay) AS delay_min, MAX(dep_delay) AS delay_max
FROM flights GROUP BY ALL
"""


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with flights.connect() as connection:
        connection.execute(_MAKE)
        yield connection


def ask(fields: Json, *scales: Json, **more: Json) -> dict[str, Json]:
    return {"data": {"fields": fields}, "scale": {"fields": list(scales)}, **more}


def plan(query: dict[str, Json], model: Model = WITH, policies: Policies | None = None) -> Plan:
    return answer(query, open_gate(model, policies), ANALYST).plan


def verdicts(found: Plan) -> dict[str, str]:
    return {candidate.table: candidate.verdict for candidate in found.candidates}


SUM: Final[Json] = {"distance": ["sum"]}
ALL: Final[Json] = {
    "distance": ["sum"],
    "dep_delay": ["sum", "count", "avg", "min", "max"],
    "flight": ["count"],
}
NOBODY: Final[Json] = {"carrier": "??"}
FEBRUARY: Final[dict[str, Json]] = {"flight_date": {"between": ["2013-02-01", "2013-02-28"]}}

COVERED: Final[dict[str, dict[str, Json]]] = {
    "everything": ask(ALL),
    "by a key": ask(ALL, "carrier"),
    "by two keys": ask(ALL, "carrier", "origin"),
    "by day": ask(ALL, "flight_date"),
    "by a coarser cut": ask(ALL, "flight_date:month", "carrier"),
    "by what is taken out": ask(ALL, "flight_date:weekday"),
    "by a key that is a formula there": ask(ALL, "route"),
    "filtered": ask(ALL, "origin", filter={"carrier": {"in": ["UA", "B6"]}, **FEBRUARY}),
    "or, not": ask(
        SUM, "origin", filter={"or": [{"carrier": "UA"}, {"not": {"origin": {"like": "J%"}}}]}
    ),
    "of nothing": ask(ALL, filter=NOBODY),
    "of no groups": ask(ALL, "origin", filter=NOBODY),
    "having": ask(SUM, "carrier", having={"flight": {"count": {"gt": 20_000}}}),
    "having a mean": ask(SUM, "carrier", having={"dep_delay": {"avg": {"gt": 12}}}),
    "totals": ask(
        ALL, "carrier", "flight_date:month", total={"all": [], "by": ["flight_date:month"]}
    ),
    "the past": ask(
        ALL, "flight_date:month", "origin", evol={"scale": "month", "mode": "date", "depth": 2}
    ),
    "the past of a filter": ask(
        ALL, filter=FEBRUARY, evol={"scale": "month", "mode": "weekday", "depth": 1}
    ),
    "a page": {
        "data": {"fields": ALL, "limit": 3, "skip": 2},
        "scale": {"fields": ["carrier"]},
        "order": {"distance": "desc"},
    },
    "of keys": ask({"carrier": ["count_distinct", "min"], "flight_date": ["max"]}, "origin"),
    "joined": ask(ALL, "origin_airport.name", filter={"airline.name": {"like": "%Air%"}}),
    "the most of what it joins": ask({"origin_airport.alt": ["max"], "flight": ["count"]}),
    "in its database": ask(SUM, "carrier", database_name="demo"),
}


def results(
    query: dict[str, Json], model: Model, database: duckdb.DuckDBPyConnection
) -> list[list[Row]]:
    """Return the answer and its totals."""
    asked = parse_query(json.dumps(query).encode(), Limits())
    compiled = compile_plan(build_plan(open_gate(model).permit(asked, ANALYST)), dialect="duckdb")
    return [
        run(database, bind_values(template, asked.values, (), NOW))
        for template in (compiled.rows, *compiled.totals)
    ]


@pytest.mark.parametrize("query", COVERED.values(), ids=COVERED)
def test_a_rollup_answers_as_its_table_does(
    query: dict[str, Json], database: duckdb.DuckDBPyConnection
) -> None:
    assert plan(query).table == "daily"
    assert plan(query, FLIGHTS).table == "flights"
    assert plan(query).columns == plan(query, FLIGHTS).columns
    assert results(query, WITH, database) == results(query, FLIGHTS, database)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        (ask(SUM, filter={"tailnum": "N14228"}), "has no 'tailnum', which is a filter"),
        (ask(SUM, "dest", "hour"), "has no 'dest', which is a scale, 'hour', which is a scale"),
        (ask({"distance": ["median"]}), "has no median of 'distance'"),
        (ask({"distance": ["p90"]}), "has no p90 of 'distance'"),
        (ask({"distance": ["stddev"]}), "has no stddev of 'distance'"),
        (ask({"distance": ["avg"]}), "has no avg of 'distance'"),
        (ask({"distance": ["count"]}), "has no count of 'distance'"),
        (ask({"flight": ["sum"]}), "has no sum of 'flight'"),
        (ask({"carrier": ["count"]}, "origin"), "has no count of 'carrier'"),
        (ask({"tailnum": ["count_distinct"]}, "origin"), "has no 'tailnum', which is computed"),
        (ask({"tailnum": ["select"]}, "origin"), "has no 'tailnum', which is computed"),
        (ask({"late_share": ["select"]}), "has no 'late_share', which is computed"),
        (ask({"gained": ["sum"]}), "has no sum of 'gained'"),
        (ask(SUM, filter={"dep_delay": {"gt": 0}}), "has no 'dep_delay', which is a filter"),
        (ask(SUM, filter={"late_share": {"gt": 0}}), "has no 'late_share', which is tested"),
        (ask(SUM, having={"distance": {"avg": {"gt": 0}}}), "has no avg of 'distance'"),
        (ask(SUM, "planes.seats"), "has no 'tailnum', which is joined on"),
        (ask({"origin_airport.alt": ["sum"]}, "carrier"), "has no sum of what it joins"),
        (ask({"carrier": ["select"], "origin": ["select"]}), "has no rows to list, only groups"),
    ],
    ids=str,
)
def test_what_a_rollup_cannot_surely_answer_its_table_does(
    query: dict[str, Json], why: str
) -> None:
    found = plan(query)

    assert "daily" not in found.table
    assert verdicts(found)["daily"] == why


def test_who_answers_and_why_is_told() -> None:
    assert verdicts(plan(COVERED["by a key"])) == {
        **verdicts(plan(COVERED["by a key"], FLIGHTS)),
        "flights": "can answer, with more rows",
        "daily": "chosen: is a roll-up of 'flights', with fewer rows",
    }


def test_a_table_that_is_named_answers_itself() -> None:
    named = ask(SUM, "carrier", table_name="flights")

    assert plan(named).table == "flights"
    assert plan(named) == plan(named, FLIGHTS)
    assert plan(ask({"carrier": ["count"]}, table_name="daily")).table == "daily"


@pytest.mark.parametrize("name", ["flights_counted", "daily.carrier"])
def test_by_its_own_names_a_rollup_is_a_table_like_others(name: str) -> None:
    assert plan(ask({name: ["count"]}, "origin")).table == "daily"


def test_by_the_names_of_its_table_no_groups_are_counted() -> None:
    measures = {**_DAILY.attributes, "distance": replace(_DAILY.attributes["delays"])}
    same = replace(
        _DAILY, attributes=measures, rollup=Rollup("flights", {"distance": ("distance", "sum")})
    )

    assert plan(ask({"origin": ["count"]}, "carrier")).table == "flights"
    assert plan(ask({"distance": ["count"]}), changed(same)).table == "flights"


def changed(daily: Table, base: Table = FLIGHTS.tables["flights"]) -> Model:
    return replace(WITH, tables={**WITH.tables, "daily": daily, "flights": base})


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (changed(replace(_DAILY, rows=None)), ", and not known to have fewer rows"),
        (changed(replace(_DAILY, rows=0)), ", and not known to have fewer rows"),
        (changed(replace(_DAILY, rows=336_776)), ", and not known to have fewer rows"),
        (
            changed(_DAILY, replace(FLIGHTS.tables["flights"], rows=None)),
            ", and not known to have fewer rows",
        ),
        (
            changed(
                replace(_DAILY, watermark="flight_date", newest="2013-12-30"),
                replace(FLIGHTS.tables["flights"], watermark="flight_date", newest="2013-12-31"),
            ),
            ", and not as new",
        ),
    ],
    ids=["uncounted", "empty", "as large", "of an uncounted table", "older"],
)
def test_a_rollup_that_may_be_no_better_is_left_alone(model: Model, why: str) -> None:
    found = plan(ask(SUM, "carrier"), model)

    assert found.table == "flights"
    assert verdicts(found)["daily"] == f"is a roll-up of 'flights'{why}"


def test_of_several_rollups_the_smallest_that_covers_the_question_answers() -> None:
    small = replace(
        _DAILY,
        name="monthly",
        rows=10,
        attributes={n: a for n, a in _DAILY.attributes.items() if n != "route"},
    )
    model = replace(WITH, tables={**WITH.tables, "monthly": small})

    by_carrier, by_route = plan(ask(SUM, "carrier"), model), plan(ask(SUM, "route"), model)

    assert by_carrier.table == "monthly"
    assert (
        verdicts(by_carrier)["daily"] == "is a roll-up of 'flights', with more rows than 'monthly'"
    )
    assert by_route.table == "daily"
    assert "has no 'origin'" not in verdicts(by_route)["monthly"]


def guarded(*tables: str) -> Policies:
    rows = (RowFilter(tables=tables, filter={"origin": "JFK"}),)
    return Policies(roles={"analyst": Role(name="analyst", rows=rows)})


@pytest.mark.parametrize("tables", [("flights", "daily"), ("daily",)], ids=" ".join)
def test_who_sees_some_rows_only_has_them_read_from_the_table(tables: tuple[str, ...]) -> None:
    found = plan(ask(SUM, "carrier"), policies=guarded(*tables))

    assert found.table == "flights"
    assert verdicts(found)["daily"] == "is a roll-up of 'flights', and not all rows may be seen"


def test_a_rollup_that_no_filter_is_for_does_not_show_what_the_filter_of_its_table_hides() -> None:
    found = plan(ask(SUM, "carrier"), policies=guarded("flights"))

    assert found.table == "flights"
    assert "daily" not in open_gate(WITH, guarded("flights")).view(ANALYST).model.tables
    assert "daily" in open_gate(WITH, guarded("planes")).view(ANALYST).model.tables


def test_of_two_roles_the_one_without_a_filter_opens_the_rollup() -> None:
    rows = (RowFilter(tables=("flights",), filter={"origin": "JFK"}),)
    roles = {"analyst": Role(name="analyst"), "agent": Role(name="agent", rows=rows)}
    both = replace(ANALYST, roles=("analyst", "agent"))

    assert "daily" in open_gate(WITH, Policies(roles=roles)).view(both).model.tables


@pytest.mark.parametrize(
    ("hidden", "gone"),
    [
        ("distance", {"distance_total"}),
        ("dep_delay", {"delay_total", "delays", "delay_min", "delay_max"}),
        ("carrier", {"carrier"}),
        ("dest", {"route"}),
    ],
)
def test_what_is_made_of_a_hidden_attribute_is_hidden(hidden: str, gone: set[str]) -> None:
    role = Role(name="analyst", hidden={"flights": frozenset({hidden})})
    gate = open_gate(WITH, Policies(roles={"analyst": role}))

    seen = gate.view(ANALYST).model.tables["daily"]

    assert set(_DAILY.attributes) - set(seen.attributes) == gone
    assert ("airline" in seen.relationships) == (hidden != "carrier")
