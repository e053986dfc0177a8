"""Groups of rows with one partner each → a plan that groups the rows first, and joins then.

An order is found once for each of its groups, and not once for each of its lines; and rows are
grouped by its key alone, in place of all that is said of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final

from msgspec import structs

from penstock.plan.conditions import expressions_of, mapped
from penstock.plan.standing import standings
from penstock.plan.types import ColumnOf, Expression, Join, Output, Plan, Scan
from penstock.plan.uses import needed_joins, scans_of, scans_tested

EARLY: Final = "the early groups"
"""Names of a model hold no spaces, so no scan is called this."""


def group_early(plan: Plan) -> Plan:
    """Return a plan that joins groups, or the plan itself where that is not surely the same.

    It is where all that is computed and tested is of the first table alone, and each group has the
    whole key of whatever is told of its partners.
    """
    if not plan.grouped or not plan.joins or plan.parts or plan.earlier or any(standings(plan)):
        return plan
    computed = (*(m.expression for m in plan.measures), *expressions_of(plan.having))
    tested = () if plan.where is None else scans_tested(plan.where)
    if not {*tested, *_scans(computed)} <= {plan.scan.alias}:
        return plan
    far = [key for key in plan.keys if not {*scans_of(key.expression)} <= {plan.scan.alias}]
    joins = needed_joins(plan.joins, [key.expression for key in far], None)
    groups = _Groups(plan.scan.alias)
    for key in plan.keys:
        groups.key(key.expression)
    for own in _equated(far, joins):
        groups.key(own)
    if not far or not all(groups.has_key_of(join) for join in joins):
        return plan
    return _joined(plan, groups, joins)


def _scans(expressions: Iterable[Expression]) -> set[str]:
    return set(chain.from_iterable(scans_of(expression) for expression in expressions))


def _equated(far: Sequence[Output], joins: Sequence[Join]) -> Iterable[ColumnOf]:
    """Yield what keys of partners equal in the first table, where each row has its partner.

    Elsewhere those without one are a single group.
    """
    for join in joins:
        for own, other in join.keys if join.each else ():
            for key in far:
                if _is_same(other, key.expression):
                    yield structs.replace(own, type=key.expression.type)


def _is_same(key: ColumnOf, expression: Expression) -> bool:
    """Whether an expression is this column, as the key is compared.

    A moment may be written in several ways: a key is the text, where it is one.
    """
    if not isinstance(expression, ColumnOf) or expression.type.tells_time:
        return False
    return (expression.scan, expression.column) == (key.scan, key.column)


@dataclass(slots=True)
class _Groups:
    """What rows of the first table are grouped by, and what is computed of each group."""

    alias: str
    keys: dict[Expression, Output] = field(default_factory=dict)
    measures: dict[Expression, Output] = field(default_factory=dict)

    def key(self, expression: Expression) -> None:
        if isinstance(expression, ColumnOf) and self._column(expression) is not None:
            return
        if self.has(expression):
            self.keys[expression] = Output(f"key {len(self.keys) + 1}", expression)

    def has(self, expression: Expression) -> bool:
        """Whether it is read from the first table, and from no other."""
        return {*scans_of(expression)} == {self.alias}

    def has_key_of(self, join: Join) -> bool:
        """Whether a group has one value of each column of the first table that a join looks at."""
        owned = [own for own, _ in join.keys if own.scan == self.alias]
        return all(self._column(own) is not None for own in owned)

    def of_group(self, expression: Expression) -> ColumnOf:
        """Return a key or a measure, read from the groups."""
        if isinstance(expression, ColumnOf):
            found = self._column(expression)
        else:
            found = self.keys.get(expression) or self.measures.get(expression)
        if found is None:
            found = Output(f"measure {len(self.measures) + 1}", expression)
            self.measures[expression] = found
        return ColumnOf(EARLY, found.name, expression.type)

    def _column(self, column: ColumnOf) -> Output | None:
        return next((key for of, key in self.keys.items() if _is_same(column, of)), None)


def _joined(plan: Plan, groups: _Groups, joins: Sequence[Join]) -> Plan:
    def told(expression: Expression) -> Expression:
        return groups.of_group(expression) if groups.has(expression) else expression

    def moved(join: Join) -> Join:
        keys = tuple(
            (groups.of_group(own) if own.scan == groups.alias else own, other)
            for own, other in join.keys
        )
        return structs.replace(join, keys=keys)

    keys = tuple(Output(key.name, told(key.expression)) for key in plan.keys)
    measures = tuple(Output(m.name, groups.of_group(m.expression)) for m in plan.measures)
    where = None if plan.having is None else mapped(plan.having, groups.of_group)
    part = replace(
        plan,
        joins=(),
        keys=tuple(groups.keys.values()),
        measures=tuple(groups.measures.values()),
        having=None,
        labels=(),
        sorts=(),
        totals=(),
    )
    return replace(
        plan,
        scan=Scan(EARLY, (), None, plan.scan.database, plan.scan.rows),
        joins=tuple(moved(join) for join in joins),
        parts=(part,),
        keys=keys,
        measures=measures,
        where=where,
        having=None,
        grouped=False,
    )
