"""A condition of a joined row → whether it is ever true where there is no row."""

from __future__ import annotations

from typing import assert_never

from penstock.plan.types import Condition, Either, Every, Inverse, Tested
from penstock.query.types import Operator

_OF_NULL = frozenset({Operator.IS_NULL, Operator.IS_NOT_NULL})


def rejects_nulls(condition: Condition) -> bool:
    """Whether it is surely not true where all that it looks at is null."""
    match condition:
        case Tested(operator=Operator.IS_NOT_NULL):
            return True
        case Tested():
            return is_unknown(condition)
        case Every(parts):
            return any(rejects_nulls(part) for part in parts)
        case Either(parts):
            return all(rejects_nulls(part) for part in parts)
        case Inverse(part):
            return is_unknown(part)
        case unreachable:
            assert_never(unreachable)


def is_unknown(condition: Condition) -> bool:
    """Whether it is surely neither true nor false where all that it looks at is null."""
    match condition:
        case Tested(operator, _, parameters, with_null):
            # An empty list is decided whatever stands before it.
            return operator not in _OF_NULL and not with_null and bool(parameters)
        case Every(parts) | Either(parts):
            return bool(parts) and all(is_unknown(part) for part in parts)
        case Inverse(part):
            return is_unknown(part)
        case unreachable:
            assert_never(unreachable)
