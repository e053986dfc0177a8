"""Which measures a table would count more than once: those of tables it is joined to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from penstock.model.types import Table
from penstock.plan.atlas import Reached
from penstock.query.types import AllOf, AnyCompute, AnyOf, Compute, Negation, Predicate, Query

_UNMOVED: Final = frozenset(
    {
        Compute.SELECT,
        Compute.SELECT_DISTINCT,
        Compute.MIN,
        Compute.MAX,
        Compute.COUNT_DISTINCT,
        Compute.COUNT_APPROX_DISTINCT,
    }
)
"""What is the same however often a value is met."""


def multiplied(
    query: Query, base: Table, reached: Mapping[str, Reached], tables: Mapping[str, Table]
) -> tuple[str, ...]:
    """Return the measures that are of another table, of which one row is met by many of `base`.

    A balance of customers, summed over their orders, is summed once for each order.
    """
    return tuple(
        name
        for name, computes in _computed(query).items()
        if _is_moved(reached[name], computes) and _is_far(base, reached[name], tables)
    )


def _is_far(base: Table, reached: Reached, tables: Mapping[str, Table]) -> bool:
    """Whether some step on the way may lead from many rows to one."""
    for step in reached.path:
        relationship = base.relationships[step]
        if not relationship.one_to_one:
            return True
        base = tables[relationship.table]
    return False


def _is_moved(reached: Reached, computes: frozenset[AnyCompute]) -> bool:
    return reached.attribute.aggregates or not computes <= _UNMOVED


def _computed(query: Query) -> Mapping[str, frozenset[AnyCompute]]:
    found: dict[str, set[AnyCompute]] = {}
    for field in query.fields:
        found.setdefault(field.attribute, set()).update(field.computes)
    # What a filter tests of rows is selected; what it tests of groups is an aggregate itself.
    for name, compute in (*_tested(query.filter), *_tested(query.having)):
        found.setdefault(name, set()).add(compute)
    return {name: frozenset(computes) for name, computes in found.items()}


def _tested(predicate: Predicate | None) -> Iterator[tuple[str, AnyCompute]]:
    match predicate:
        case None:
            return
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _tested(part)
        case Negation(part):
            yield from _tested(part)
        case comparison:
            yield comparison.attribute, comparison.compute or Compute.SELECT
