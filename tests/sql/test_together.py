"""A page and its totals in one statement: when, and that it gives what the statements apart give.

PENSTOCK_WRITE_GOLDEN=1 writes the golden files anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb
import pytest

from penstock.plan.build import build_plan
from penstock.plan.types import Plan
from penstock.policy.permit import Gate
from penstock.query.parse import parse_query
from penstock.query.types import Json, Limits
from penstock.sql.across import compile_across
from penstock.sql.bind import bind_values
from penstock.sql.compile import Compiled
from penstock.sql.pretty import pretty_sql
from penstock.sql.types import Statement, Template, Together
from support.ask import NOW, Row, run
from support.flights import ANALYST

GOLDEN: Final = Path(__file__).parent / "golden" / "together"

BOTH: Final[Mapping[str, Json]] = {
    "data": {"fields": {"distance": ["sum"], "arr_delay": ["avg"]}, "limit": 3},
    "scale": {"fields": ["carrier", "flight_date:month"]},
    "having": {"distance": {"sum": {"gt": 100_000}}},
    "order": {"distance": "desc"},
    "filter": {"origin": ["JFK", "LGA"]},
    "total": {"all": [], "month": ["flight_date:month"], "carrier": ["carrier"]},
}


@dataclass(frozen=True)
class Made:
    plan: Plan
    compiled: Compiled
    bind: Mapping[int, Statement]

    @property
    def together(self) -> Together:
        assert self.compiled.together is not None
        return self.compiled.together


def make(query: Mapping[str, Json], gate: Gate, dialect: str = "duckdb") -> Made:
    asked = parse_query(json.dumps(query).encode(), Limits())
    permitted = gate.permit(asked, ANALYST)
    plan = build_plan(permitted)
    compiled = compile_across(plan, {plan.database: dialect})
    templates: list[Template] = [compiled.rows, *compiled.totals]
    if compiled.together is not None:
        templates.append(compiled.together.template)
    bind = {id(t): bind_values(t, asked.values, permitted.view.values, NOW) for t in templates}
    return Made(plan, compiled, bind)


def apart(made: Made, connection: duckdb.DuckDBPyConnection) -> dict[int, list[Row]]:
    """Return the rows of one statement by the number of their set, the page being 0."""
    found: dict[int, list[Row]] = {}
    for *row, number in run(connection, made.bind[id(made.together.template)]):
        assert isinstance(number, int)
        found.setdefault(number, []).append(tuple(row))
    return found


@pytest.mark.parametrize("dialect", ["duckdb", "postgres"])
def test_the_statement_is_the_golden_one(project_gate: Gate, dialect: str) -> None:
    text = pretty_sql(make(BOTH, project_gate, dialect).together.template.text, dialect) + "\n"
    golden = GOLDEN / f"{dialect}.sql"
    if "PENSTOCK_WRITE_GOLDEN" in os.environ:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text)

    assert text == golden.read_text()


QUESTIONS: Final[Mapping[str, Mapping[str, Json]]] = {
    "a page, conditions on groups, and three totals": BOTH,
    "by scales alone": {k: v for k, v in BOTH.items() if k not in {"order", "having"}},
    "a scale in the other order first": {
        **BOTH,
        "order": {"flight_date:month": "desc", "carrier": "asc"},
    },
    "keys that are null are groups": {
        "data": {"fields": {"flight": ["count"]}, "limit": 200},
        "scale": {"fields": ["manufacturer", "origin"]},
        "order": {"manufacturer": "desc"},
        "total": {"maker": ["manufacturer"], "all": []},
    },
    "of no rows": {
        "data": {"fields": {"distance": ["sum", "count"]}},
        "scale": {"fields": ["carrier", "origin"]},
        "filter": {"origin": "nowhere"},
        "total": {"all": [], "origin": ["origin"]},
    },
}


@pytest.mark.parametrize("query", QUESTIONS.values(), ids=[*QUESTIONS])
def test_one_statement_gives_what_several_give(
    query: Mapping[str, Json], project_gate: Gate, warehouse: duckdb.DuckDBPyConnection
) -> None:
    made = make(query, project_gate)
    found = apart(made, warehouse)
    page = run(warehouse, made.bind[id(made.compiled.rows)])

    assert found.get(0, [])[: len(page)] == [pytest.approx(row) for row in page]
    for own, template in zip(made.together.totals, made.compiled.totals, strict=True):
        rows = [tuple(row[i] for i in own.columns) for row in found.get(own.number, [])]
        assert rows == [pytest.approx(row) for row in run(warehouse, made.bind[id(template)])]


def changed(**changes: Json) -> Mapping[str, Json]:
    return {**BOTH, **changes}


ALONE: Final[Mapping[str, Mapping[str, Json]]] = {
    "a later page": changed(data={"fields": {"distance": ["sum"]}, "skip": 3}),
    "how it was before": changed(evol={"scale": "month", "depth": 1}),
    "a total that keeps every scale": changed(total={"same": ["carrier", "flight_date:month"]}),
    "two totals that keep the same": changed(total={"one": ["carrier"], "two": ["carrier"]}),
    "an order by what is looked up last": changed(order={"carrier_label": "asc"}),
    "a scale that is selected": changed(
        data={"fields": {"carrier": ["select"], "distance": ["sum"]}}
    ),
    "values that have to be held": changed(
        data={"fields": {"distance": ["sum"], "tailnum": ["count_distinct"]}}
    ),
}


@pytest.mark.parametrize("query", ALONE.values(), ids=[*ALONE])
def test_totals_are_apart_where_one_statement_would_not_do(
    query: Mapping[str, Json], project_gate: Gate
) -> None:
    made = make(query, project_gate)

    assert made.compiled.together is None
    assert len(made.compiled.totals) == len(made.plan.totals)


@pytest.mark.parametrize("dialect", ["sqlite", "mysql", "mariadb", "clickhouse", "spark"])
def test_totals_are_apart_where_nobody_measured_that_one_is_sooner(
    project_gate: Gate, dialect: str
) -> None:
    assert make(BOTH, project_gate, dialect).compiled.together is None


def test_a_single_total_is_apart_where_only_one_process_groups_by_sets(project_gate: Gate) -> None:
    single = changed(total={"all": []})

    assert make(single, project_gate, "postgres").compiled.together is None
    assert make(single, project_gate, "duckdb").compiled.together is not None
