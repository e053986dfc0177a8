"""Aggregates over a group → aggregates over parts of it, and how the parts are put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from penstock.model.types import DataType
from penstock.plan.types import Aggregated, Expression, FormulaOf, Nothing, Standing
from penstock.query.types import Compute

Measure = Callable[[Aggregated, str], Expression]

_ANYWHERE: Final = frozenset({Compute.MIN, Compute.MAX})
"""A row that counts several times, or once for many, changes nothing here."""

_ADDED: Final = frozenset({Compute.SUM, Compute.COUNT, Compute.AVG})


def can_be_split(
    expression: Expression,
    *,
    of_fact: Callable[[Expression], bool],
    is_key: Callable[[Expression], bool],
) -> bool:
    """Whether parts of a group, each of rows equal in all that is not aggregated, are enough.

    They are for different values where each part has one of them, because it is grouped by them
    anyway, or by the key of the row that they come from.
    """
    match expression:
        case Nothing():
            return True
        case Aggregated(argument=Standing()):
            return False  # which moment is the last one is seen where all rows of a group are
        case Aggregated(compute, argument):
            if compute is Compute.COUNT_DISTINCT:
                return is_key(argument) or not of_fact(argument)
            return compute in _ANYWHERE or (compute in _ADDED and of_fact(argument))
        case _:
            return False


def put_together(aggregated: Aggregated, wanted: str, measure: Measure) -> Expression:
    """Have the parts measured, and return the aggregate of what comes."""
    compute, argument = aggregated.compute, aggregated.argument
    if compute is Compute.AVG:
        return _divided(
            measure(Aggregated(Compute.SUM, argument, DataType.FLOAT), f"{wanted} sum"),
            measure(_count(argument), f"{wanted} count"),
        )
    part = measure(aggregated, wanted)
    if compute is Compute.COUNT:
        return _formula("COALESCE(SUM(n), 0)", DataType.INTEGER, n=part)
    return Aggregated(compute, part, aggregated.type)


def _count(argument: Expression) -> Aggregated:
    return Aggregated(Compute.COUNT, argument, DataType.INTEGER)


def _divided(total: Expression, count: Expression) -> FormulaOf:
    return _formula("SUM(total) / SUM(n)", DataType.FLOAT, total=total, n=count)


def _formula(text: str, type_: DataType, **inputs: Expression) -> FormulaOf:
    return FormulaOf(text, tuple(inputs.items()), type_, aggregates=True)
