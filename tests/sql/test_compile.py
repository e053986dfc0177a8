from __future__ import annotations

import duckdb
import pytest

from penstock.auth.principal import Principal
from penstock.policy.permit import Gate
from penstock.sql.types import Statement
from support.ask import answer, run
from support.flights import AGENT, ANALYST, SOUTHERNER
from support.golden import Case, cases, pretty, written

PEOPLE: dict[str, Principal] = {"analyst": ANALYST, "agent": AGENT, "southerner": SOUTHERNER}
CASES = cases("sql/golden")


def compile_case(case: Case, gates: dict[str, Gate]) -> Statement:
    answered = answer(case.query, gates[case.world], PEOPLE[case.who])
    statement = answered.count if case.counts else answered.rows
    assert statement is not None
    return statement


@pytest.fixture(scope="session")
def gates(gate: Gate, sample_gate: Gate) -> dict[str, Gate]:
    return {"flights": gate, "samples": sample_gate}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_the_statement_is_the_golden_one(case: Case, gates: dict[str, Gate]) -> None:
    statement = compile_case(case, gates)

    assert pretty(statement) == case.sql.rstrip(";")
    assert written(statement) == case.binds


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_the_database_understands_the_statement(
    case: Case,
    gates: dict[str, Gate],
    warehouse: duckdb.DuckDBPyConnection,
    sample_warehouse: duckdb.DuckDBPyConnection,
) -> None:
    statement = compile_case(case, gates)

    run(warehouse if case.world == "flights" else sample_warehouse, statement)


def test_every_case_of_a_topic_has_a_name_of_its_own() -> None:
    titles = [case.title for case in CASES]

    assert len(titles) == len(set(titles))
