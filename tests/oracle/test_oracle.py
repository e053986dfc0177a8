"""Answers compared with those of somebody else: pandas, or SQL written by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NotRequired, TypedDict, cast

import duckdb
import pytest
import yaml

from penstock.policy.permit import Gate
from penstock.query.types import Json
from support.ask import Row, answer, run
from support.flights import AGENT, ANALYST

HERE = Path(__file__).parent


class Worked(TypedDict):
    question: str
    query: Mapping[str, Json]
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    hints: NotRequired[int]


class Pair(TypedDict):
    question: str
    query: Mapping[str, Json]
    sql: str
    who: NotRequired[str]


WORKED = cast("list[Worked]", yaml.safe_load((HERE / "worked_answers.yaml").read_text()))
PAIRS = cast("list[Pair]", yaml.safe_load((HERE / "flights.yaml").read_text()))
PEOPLE = {"analyst": ANALYST, "agent": AGENT}


def same(ours: object, theirs: object) -> bool:
    """Compare two values; sums of floats may differ in the last digits, by their order."""
    if isinstance(ours, float) and isinstance(theirs, float | int):
        return math.isclose(ours, theirs, rel_tol=1e-12)
    return ours == theirs and type(ours) is type(theirs)


def assert_same(ours: Sequence[Row], theirs: Sequence[Sequence[object]]) -> None:
    assert len(ours) == len(theirs)
    for our_row, their_row in zip(ours, theirs, strict=True):
        assert all(map(same, our_row, their_row)), (our_row, their_row)


@pytest.mark.parametrize("case", WORKED, ids=lambda case: case["question"])
def test_a_worked_answer_comes_out_to_the_last_digit(
    case: Worked, gate: Gate, warehouse: duckdb.DuckDBPyConnection
) -> None:
    assert_worked(case, gate, warehouse)


@pytest.mark.parametrize("case", WORKED, ids=lambda case: case["question"])
def test_the_project_itself_gives_the_worked_answers(
    case: Worked, project_gate: Gate, warehouse: duckdb.DuckDBPyConnection
) -> None:
    assert_worked(case, project_gate, warehouse)


def assert_worked(case: Worked, gate: Gate, warehouse: duckdb.DuckDBPyConnection) -> None:
    answered = answer(case["query"], gate, ANALYST)
    named = [column.name for column in answered.plan.columns if column.labels is None]
    kept = [i for i, column in enumerate(answered.plan.columns) if column.labels is None]
    found = [tuple(row[i] for i in kept) for row in run(warehouse, answered.rows)]

    assert named == case["columns"]
    assert_same(found[: len(case["rows"])], case["rows"])


@pytest.mark.parametrize(
    "case", [case for case in WORKED if case.get("hints")], ids=lambda case: case["question"]
)
def test_hints_count_the_rows_of_a_worked_answer(
    case: Worked, gate: Gate, warehouse: duckdb.DuckDBPyConnection
) -> None:
    data = cast("Mapping[str, Json]", case["query"]["data"])
    counted = answer({**case["query"], "data": {**data, "hints": True}}, gate, ANALYST).count

    assert counted is not None
    assert run(warehouse, counted) == [(case["hints"],)]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["question"])
def test_a_question_answers_like_sql_written_by_hand(
    pair: Pair, gate: Gate, warehouse: duckdb.DuckDBPyConnection
) -> None:
    answered = answer(pair["query"], gate, PEOPLE[pair.get("who", "analyst")])
    theirs: list[Row] = warehouse.execute(pair["sql"]).fetchall()

    assert_same(run(warehouse, answered.rows), theirs)
