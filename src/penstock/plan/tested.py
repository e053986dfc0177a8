"""One comparison of a filter → a condition, if its operator suits its attribute."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.errors import ComputeNotAllowedError
from penstock.model.types import Attribute, DataType
from penstock.plan.types import Condition, Expression, Parameter, Shift, Tested
from penstock.query.types import Comparison, Operator
from penstock.query.words import NULLS, TEXTS

_EQUALITY = frozenset({Operator.EQ, Operator.NOT_EQUAL, Operator.IN, Operator.NOT_IN})


@dataclass(frozen=True, slots=True)
class Place:
    """Where in time a comparison is made: by whose clocks, and how far back."""

    zone: str = "UTC"
    back: Shift | None = None


def tested(
    comparison: Comparison, attribute: Attribute, expression: Expression, place: Place
) -> Condition:
    """Return a comparison as a condition on what its attribute stands for.

    Raises ComputeNotAllowedError where the operator does not suit the attribute.
    """
    _refuse_unfit(comparison, attribute)
    parameters = tuple(
        Parameter(
            slot,
            attribute.type,
            comparison.attribute,
            comparison.pointer,
            place.zone,
            place.back,
        )
        for slot in comparison.slots
    )
    return Tested(comparison.operator, expression, parameters, comparison.with_null)


def _refuse_unfit(comparison: Comparison, attribute: Attribute) -> None:
    operator, name = comparison.operator, comparison.attribute
    if operator in TEXTS and attribute.type is not DataType.STRING:
        raise ComputeNotAllowedError(
            f"{operator.value!r} compares text, and {name!r} is of type {attribute.type}.",
            hint="Use 'eq', 'in', 'between', 'gt', 'gte', 'lt' or 'lte'.",
            pointer=comparison.pointer,
        )
    if operator is Operator.DURING and not attribute.type.is_temporal:
        raise ComputeNotAllowedError(
            f"'during' is about time, and {name!r} is of type {attribute.type}.",
            hint="Use 'eq', 'in' or 'between'.",
            pointer=comparison.pointer,
        )
    if attribute.type is DataType.JSON and operator not in NULLS:
        raise ComputeNotAllowedError(
            f"{name!r} is of type json, which cannot be compared.",
            hint="Use 'is_null' or 'is_not_null'.",
            pointer=comparison.pointer,
        )
    if attribute.type is DataType.BOOLEAN and operator not in NULLS | _EQUALITY:
        raise ComputeNotAllowedError(
            f"{name!r} is true or false: {operator.value!r} does not apply.",
            hint="Use 'eq'.",
            pointer=comparison.pointer,
        )
