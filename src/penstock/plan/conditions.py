"""The expressions that a condition tests: all of them, or others in their places."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import assert_never

from msgspec import structs

from penstock.plan.types import Condition, Either, Every, Expression, Inverse, Tested


def expressions_of(condition: Condition | None) -> Iterator[Expression]:
    match condition:
        case None:
            return
        case Tested(expression=expression):
            yield expression
        case Every(parts) | Either(parts):
            for part in parts:
                yield from expressions_of(part)
        case Inverse(part):
            yield from expressions_of(part)
        case unreachable:
            assert_never(unreachable)


def mapped(condition: Condition, change: Callable[[Expression], Expression]) -> Condition:
    match condition:
        case Tested(expression=expression):
            return structs.replace(condition, expression=change(expression))
        case Every(parts):
            return Every(tuple(mapped(part, change) for part in parts))
        case Either(parts):
            return Either(tuple(mapped(part, change) for part in parts))
        case Inverse(part):
            return Inverse(mapped(part, change))
        case unreachable:
            assert_never(unreachable)
