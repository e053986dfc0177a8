"""A filter split in two: what is tested on rows, and what is tested on groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from penstock.errors import ComputeNotAllowedError, PenstockError
from penstock.plan.choose import comparisons
from penstock.plan.scope import NOWHERE, Scope
from penstock.plan.types import Condition, Every, Shift
from penstock.query.types import AllOf, Predicate


@dataclass(frozen=True, slots=True)
class Split:
    rows: tuple[Condition, ...]
    groups: tuple[Condition, ...]
    problems: tuple[PenstockError, ...]


def split_filter(
    predicate: Predicate | None, scope: Scope, *, grouped: bool, back: Mapping[str, Shift] = NOWHERE
) -> Split:
    """Send each part of a filter to where it can be tested, what it says of some names moved back.

    What can be tested nowhere is among the problems.
    """
    rows: list[Condition] = []
    groups: list[Condition] = []
    problems: list[PenstockError] = []
    for part in conjuncts(predicate):
        try:
            kinds = {scope.reached[c.attribute].attribute.aggregates for c in comparisons(part)}
            if True in kinds:
                _refuse_unfit(part, scope, mixed=False in kinds, grouped=grouped)
            (groups if True in kinds else rows).append(scope.condition(part, back))
        except PenstockError as error:
            problems.append(error)
    return Split(tuple(rows), tuple(groups), tuple(problems))


def conjuncts(predicate: Predicate | None) -> tuple[Predicate, ...]:
    """Return what must hold, one by one."""
    if predicate is None:
        return ()
    if isinstance(predicate, AllOf):
        return tuple(inner for part in predicate.parts for inner in conjuncts(part))
    return (predicate,)


def every(parts: tuple[Condition, ...]) -> Condition | None:
    if len(parts) > 1:
        return Every(parts)
    return parts[0] if parts else None


def _refuse_unfit(part: Predicate, scope: Scope, *, mixed: bool, grouped: bool) -> None:
    of = next(c for c in comparisons(part) if scope.reached[c.attribute].attribute.aggregates)
    if mixed:
        raise ComputeNotAllowedError(
            f"{of.attribute!r} is an aggregate, tested after grouping: an 'or' or a 'not' cannot"
            " mix it with attributes of rows.",
            hint="Filter on it beside the others, or in a group of aggregates alone.",
            pointer=of.pointer,
        )
    if not grouped:
        raise ComputeNotAllowedError(
            f"{of.attribute!r} is an aggregate, and this query lists rows.",
            hint="Add a scale, or an aggregate to compute.",
            pointer=of.pointer,
        )
