"""The plans of several facts → one plan: their groups put together by the scales they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from penstock.errors import PenstockError, QueryError, raise_all
from penstock.model.types import Attribute, DataType
from penstock.model.types import Column as Physical
from penstock.plan.facts import Facts, computed
from penstock.plan.filters import every
from penstock.plan.outputs import duplicates, measure_name
from penstock.plan.sorts import sort_outputs
from penstock.plan.tested import Place, tested
from penstock.plan.types import (
    Aggregated,
    Candidate,
    Column,
    ColumnOf,
    Condition,
    Earlier,
    Either,
    Every,
    Expression,
    Inverse,
    Nothing,
    Output,
    Parameter,
    Plan,
    Role,
    Scan,
    Subtotal,
)
from penstock.query.types import AllOf, AnyOf, Comparison, Compute, Negation, Predicate, Query

FACTS = "the facts"
"""Names of a model hold no spaces, so no scan is called this."""


def merge_plans(query: Query, facts: Facts, plans: Sequence[Plan]) -> Plan:
    """Put the parts of an answer together.

    Raises QueryError where a scale has a different type in each, and what else the query asks that
    cannot be.
    """
    _refuse_unlike(query, plans)
    columns = _columns(query, plans)
    # What is only tested is a column too, of the parts: none may be called like another.
    measures = [c for plan in plans for c in plan.columns if c.role is Role.MEASURE]
    raise_all(duplicates(query, measures))
    problems: list[PenstockError] = []
    sorts = sort_outputs(query, columns, problems)
    having = _tests(query, facts, plans, problems)
    raise_all(problems)
    return replace(
        _merged(plans, columns),
        table=", ".join(plan.table for plan in plans),
        having=every(having),
        sorts=sorts,
        skip=None
        if query.skip is None
        else Parameter(query.skip, DataType.INTEGER, "skip", "/data/skip"),
        hints=query.hints,
        totals=tuple(
            Subtotal(total.name, _merged_total(query, [plan.totals[i].plan for plan in plans]))
            for i, total in enumerate(plans[0].totals)
        ),
        candidates=_candidates(plans),
        warning=" ".join(plan.warning for plan in plans if plan.warning) or None,
    )


def _merged(plans: Sequence[Plan], columns: Sequence[Column]) -> Plan:
    measures = [c for c in columns if c.role is Role.MEASURE and c.back == 0]
    first = plans[0]
    return replace(
        first,
        parts=_padded(plans),
        scan=Scan(FACTS, (), None),
        joins=(),
        where=None,
        keys=tuple(Output(key.name, _column(key.name, key.expression.type)) for key in first.keys),
        measures=tuple(_largest(column) for column in measures),
        columns=tuple(columns),
        earlier=tuple(
            _earlier(plans, columns, period) for period, _ in enumerate(first.earlier, 1)
        ),
    )


def _merged_total(query: Query, plans: Sequence[Plan]) -> Plan:
    return _merged(plans, _columns(query, plans))


def _earlier(plans: Sequence[Plan], columns: Sequence[Column], period: int) -> Earlier:
    """Put together how the facts were: each by its own filter, moved back."""
    then = [plan.earlier[period - 1] for plan in plans]
    return Earlier(
        where=None,
        matches=then[0].matches,
        measures=tuple(_largest(column) for column in columns if column.back == period),
        parts=_padded(
            [
                replace(plan, where=earlier.where, measures=earlier.measures)
                for plan, earlier in zip(plans, then, strict=True)
            ]
        ),
    )


def _padded(plans: Sequence[Plan]) -> tuple[Plan, ...]:
    """Return the parts, each with nothing in the place of the others' measures."""
    return tuple(
        replace(
            plan,
            sorts=(),
            measures=tuple(
                measure if owner is plan else Output(measure.name, Nothing(measure.expression.type))
                for owner in plans
                for measure in owner.measures
            ),
        )
        for plan in plans
    )


def _column(name: str, type_: DataType) -> ColumnOf:
    return ColumnOf(FACTS, name, type_)


def _largest(column: Column) -> Output:
    """Return a measure of the one part that has it: the others have nulls."""
    return Output(column.name, _only(column.name, column.type))


def _only(name: str, type_: DataType) -> Expression:
    return Aggregated(Compute.MAX, _column(name, type_), type_)


def _columns(query: Query, plans: Sequence[Plan]) -> list[Column]:
    """Return the scales and labels of the first part, and every measure in the order asked for."""
    found = [column for column in plans[0].columns if column.role is not Role.MEASURE]
    for field in query.fields:
        words = {compute.value for compute in field.computes}
        found += [
            column
            for plan in plans
            for column in plan.columns
            if column.role is Role.MEASURE
            and column.attribute == field.attribute
            and column.compute in words
        ]
    return found


def _refuse_unlike(query: Query, plans: Sequence[Plan]) -> None:
    pointers = {scale.name: scale.pointer for scale in query.scales}
    raise_all(
        [
            QueryError(
                f"{key.name!r} is of type {key.expression.type} in {plans[0].table!r}, and of type"
                f" {other.expression.type} in {plan.table!r}.",
                hint="Ask one query of each.",
                pointer=pointers[key.name],
            )
            for plan in plans[1:]
            for key, other in zip(plans[0].keys, plan.keys, strict=True)
            if key.expression.type is not other.expression.type
        ]
    )


def _tests(
    query: Query, facts: Facts, plans: Sequence[Plan], problems: list[PenstockError]
) -> tuple[Condition, ...]:
    """Return what is tested of the groups once they are together."""
    types = {c.name: c.type for plan in plans for c in plan.columns if c.role is not Role.LABEL}
    found: list[Condition] = []
    for test in facts.tests:
        try:
            found.append(_test(test, types, Place(query.timezone)))
        except PenstockError as error:
            problems.append(error)
    return tuple(found)


def _test(predicate: Predicate, types: dict[str, DataType], place: Place) -> Condition:
    match predicate:
        case Comparison(attribute=attribute):
            name = measure_name(attribute, computed(predicate))
            like = Attribute(name=attribute, type=types[name], source=Physical(name))
            return tested(predicate, like, _only(name, types[name]), place)
        case AllOf(parts):
            return Every(tuple(_test(part, types, place) for part in parts))
        case AnyOf(parts):
            return Either(tuple(_test(part, types, place) for part in parts))
        case Negation(part):
            return Inverse(_test(part, types, place))
        case unreachable:
            assert_never(unreachable)


def _candidates(plans: Sequence[Plan]) -> tuple[Candidate, ...]:
    """Return each table with what it answers, then those that answer nothing."""
    found: dict[str, Candidate] = {}
    for plan in plans:
        names = ", ".join(measure.name for measure in plan.measures)
        rows = next((c.rows for c in plan.candidates if c.table == plan.table), None)
        found[plan.table] = Candidate(plan.table, rows, f"chosen: for {names}")
    for candidate in plans[0].candidates:
        found.setdefault(candidate.table, candidate)
    return tuple(found.values())
