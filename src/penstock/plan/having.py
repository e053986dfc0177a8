"""What is tested of each group: computes of `having`, by the rules of `data`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from penstock.errors import ComputeNotAllowedError, PenstockError, QueryError
from penstock.plan.choose import comparisons
from penstock.plan.outputs import measure_output
from penstock.plan.scope import Scope
from penstock.plan.tested import Place, tested
from penstock.plan.types import Condition
from penstock.query.types import AnyCompute, Comparison, Field, Predicate


def group_conditions(
    predicate: Predicate | None, scope: Scope, *, grouped: bool, problems: list[PenstockError]
) -> tuple[Condition, ...]:
    """Return the conditions of a `having`; what cannot be tested goes to `problems`."""
    found: list[Condition] = []
    for comparison, compute in _compared(predicate):
        try:
            if not grouped:
                raise _ungrouped(comparison)
            found.append(_condition(comparison, compute, scope))
        except PenstockError as error:
            problems.append(error)
    return tuple(found)


def _compared(predicate: Predicate | None) -> Iterator[tuple[Comparison, AnyCompute]]:
    for comparison in comparisons(predicate):
        if comparison.compute is not None:
            yield comparison, comparison.compute


def _condition(comparison: Comparison, compute: AnyCompute, scope: Scope) -> Condition:
    attribute = scope.reached[comparison.attribute].attribute
    asked = Field(comparison.attribute, (compute,))
    expression = scope.measured(comparison.attribute)
    try:
        output, column = measure_output(asked, compute, attribute, expression)
    except ComputeNotAllowedError as error:
        error.pointer = comparison.pointer
        raise
    computed = replace(attribute, type=column.type)
    return tested(comparison, computed, output.expression, Place(scope.zone))


def _ungrouped(comparison: Comparison) -> QueryError:
    return QueryError(
        "'having' tests groups, and this query lists rows.",
        hint="Use 'filter', or add a scale or an aggregate to compute.",
        pointer=comparison.pointer,
    )
