"""Which scans a part of a plan reads from; a join that nothing reads from can be left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from penstock.plan.types import (
    Aggregated,
    Back,
    ColumnOf,
    Condition,
    Cut,
    Either,
    Every,
    Expression,
    FormulaOf,
    Inverse,
    Join,
    KeyOf,
    Nothing,
    Tested,
)


def needed_joins(
    joins: Sequence[Join], expressions: Iterable[Expression], condition: Condition | None
) -> tuple[Join, ...]:
    """Return the joins that these read from, and those on the way there.

    Each join finds at most one row and loses none, so the others change nothing.
    """
    used = {scan for expression in expressions for scan in scans_of(expression)}
    if condition is not None:
        used.update(scans_tested(condition))
    kept: list[Join] = []
    for join in reversed(joins):
        if join.scan.alias in used:
            kept.append(join)
            used.update(own.scan for own, _ in join.keys)
    return tuple(reversed(kept))


def scans_of(expression: Expression) -> Iterator[str]:
    match expression:
        case ColumnOf(scan):
            yield scan
        case FormulaOf(inputs=inputs, partner=partner):
            for argument in (partner, *(argument for _, argument in inputs)):
                yield from scans_of(argument) if argument is not None else ()
        case Aggregated(argument=argument) | Cut(argument=argument) | Back(argument=argument):
            yield from scans_of(argument)
        case KeyOf() | Nothing():
            return
        case unreachable:
            assert_never(unreachable)


def scans_tested(condition: Condition) -> Iterator[str]:
    match condition:
        case Tested(expression=expression):
            yield from scans_of(expression)
        case Every(parts) | Either(parts):
            for part in parts:
                yield from scans_tested(part)
        case Inverse(part):
            yield from scans_tested(part)
        case unreachable:
            assert_never(unreachable)
