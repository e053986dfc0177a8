"""Which scans a part of a plan reads from; a join that nothing reads from can be left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from penstock.plan.types import (
    Aggregated,
    AtMoment,
    Back,
    ColumnOf,
    Condition,
    Cut,
    Either,
    Every,
    Expression,
    Farthest,
    FormulaOf,
    Inverse,
    Join,
    KeyOf,
    Nothing,
    Standing,
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
    if isinstance(expression, ColumnOf):
        yield expression.scan
    for part in _parts(expression):
        yield from scans_of(part)


def _parts(expression: Expression) -> tuple[Expression, ...]:
    match expression:
        case ColumnOf() | KeyOf() | Nothing():
            return ()
        case FormulaOf(inputs=inputs, partner=partner):
            made = tuple(argument for _, argument in inputs)
            return made if partner is None else (partner, *made)
        case Aggregated(argument=argument) | Cut(argument=argument) | Back(argument=argument):
            return (argument,)
        case Standing(argument, moment, among):
            return (argument, moment, *among)
        case Farthest(moment, among):
            return (moment, *among)
        case AtMoment(argument, moment, wanted):
            return (argument, moment, wanted)
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
