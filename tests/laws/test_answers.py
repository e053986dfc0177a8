"""Every answer equals that of a reference which knows nothing of SQL."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from decimal import Decimal

import duckdb
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from laws.asking import Asked, ask
from laws.atlas import Refused
from laws.evaluation import Row
from laws.questions import questions
from laws.reference import Expected
from laws.reference import answer as expect
from laws.values import Cell
from laws.worlds import World, fill, worlds
from penstock.query.types import Json
from penstock.sql.types import Statement
from support.ask import open_gate, problems, read

EXAMPLES = int(os.environ.get("PENSTOCK_LAWS", "150"))
SHRINKS = "PENSTOCK_LAWS_UNSHRUNK" not in os.environ


@st.composite
def cases(draw: st.DrawFn) -> tuple[World, dict[str, Json]]:
    world = draw(worlds())
    return world, draw(questions(world))


@given(case=cases())
@settings(
    max_examples=EXAMPLES,
    phases=[Phase.explicit, Phase.generate, *([Phase.shrink] if SHRINKS else [])],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_an_answer_is_the_reference_answer(case: tuple[World, dict[str, Json]]) -> None:
    world, query = case
    gate = open_gate(world.model, world.policies)
    expected = outcome(world, query)
    if isinstance(expected, str):
        found = problems(lambda: ask(query, gate, world.who))
        assert {problem.code for problem in found} == {expected}
        return
    asked = ask(query, gate, world.who)
    with duckdb.connect(config={"threads": 1}) as connection:
        fill(connection, world)
        note(asked.rows.text)
        note(str(asked.rows.parameters))

        assert asked.plan.table == expected.table
        assert [c.name for c in asked.plan.columns] == [c.name for c in expected.columns]
        compare(run(connection, asked.rows), expected)
        if asked.count is not None:
            assert run(connection, asked.count) == [(len(expected.everything),)]
        assert [total.name for total in asked.plan.totals] == [*expected.totals]
        for total, statement in zip(asked.plan.totals, asked.totals, strict=True):
            assert agree(run(connection, statement), expected.totals[total.name])
        compare_together(connection, asked, expected)


def compare_together(
    connection: duckdb.DuckDBPyConnection, asked: Asked, expected: Expected
) -> None:
    """Compare what one statement gives, where it may, with what several give."""
    if asked.together is None:
        return
    found: dict[object, list[Row]] = {}
    for *row, number in run(connection, asked.together.statement):
        found.setdefault(number, []).append(tuple(row))
    page = run(connection, asked.rows)
    assert agree(found.get(0, [])[: len(page)], page)
    for total, own in zip(asked.plan.totals, asked.together.totals, strict=True):
        rows = [tuple(row[i] for i in own.columns) for row in found.get(own.number, [])]
        assert agree(rows, expected.totals[total.name])


def outcome(world: World, query: dict[str, Json]) -> Expected | str:
    """Return the answer, or the code of what must be said instead."""
    try:
        return expect(world, query)
    except Refused as refused:
        return refused.code


def run(connection: duckdb.DuckDBPyConnection, statement: Statement) -> list[Row]:
    columns: list[list[Cell]] = [column.to_pylist() for column in read(connection, statement)]
    return list(zip(*columns, strict=True))


def compare(found: Sequence[Row], expected: Expected) -> None:
    if expected.is_ordered:
        assert agree(found, expected.rows), (found, expected.rows)
        return
    assert len(found) == len(expected.rows), (found, expected.rows)
    left = list(expected.everything)
    for row in found:
        same = [other for other in left if agree([row], [other])]
        assert same, (row, left)
        left.remove(same[0])


def agree(found: Sequence[Row], expected: Sequence[Row]) -> bool:
    return len(found) == len(expected) and all(
        is_same(ours, theirs)
        for one, other in zip(found, expected, strict=True)
        for ours, theirs in zip(one, other, strict=True)
    )


def is_same(found: Cell, expected: Cell) -> bool:
    """Whether two cells are one value of one type; floats to nine digits."""
    if isinstance(expected, float):
        return isinstance(found, float) and math.isclose(
            found, expected, rel_tol=1e-9, abs_tol=1e-9
        )
    if isinstance(expected, Decimal) or expected is None:
        return found == expected
    return type(found) is type(expected) and found == expected
