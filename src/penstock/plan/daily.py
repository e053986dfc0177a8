"""What counts on the last day of a group only → the same over a row for each day of the group.

A day has many rows. Grouped by days first, few are left to find the last one among, and what finds
it sorts or keeps them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from msgspec import structs

from penstock.model.types import DataType
from penstock.plan.conditions import expressions_of, mapped
from penstock.plan.partial import put_together
from penstock.plan.types import (
    Aggregated,
    ColumnOf,
    Expression,
    FormulaOf,
    Nothing,
    Output,
    Plan,
    Scan,
    Standing,
)
from penstock.query.types import AnyCompute, Compute

DAYS: Final = "the days"
"""Names of a model hold no spaces, so no scan is called this."""

_ADDED: Final = frozenset({Compute.SUM, Compute.COUNT, Compute.AVG, Compute.MIN, Compute.MAX})
"""What is the same of the rows of a group, and of its days."""


def by_day(plan: Plan) -> Plan:
    """Return a plan over days, where whatever it computes of them is what it computes of rows."""
    found = (*(m.expression for m in plan.measures), *expressions_of(plan.having))
    if not all(_is_of_days(each) for each in found):
        return plan
    days = _Days(plan.keys)
    measures = tuple(Output(m.name, days.of_group(m.expression)) for m in plan.measures)
    having = None if plan.having is None else mapped(plan.having, days.of_group)
    part = replace(
        plan,
        keys=(*plan.keys, *days.moments.values()),
        measures=tuple(days.found.values()),
        having=None,
        labels=(),
        sorts=(),
        earlier=(),
        totals=(),
    )
    return replace(
        plan,
        scan=Scan(DAYS, (), None, plan.scan.database, plan.scan.rows),
        joins=(),
        parts=(part,),
        keys=tuple(Output(k.name, ColumnOf(DAYS, k.name, k.expression.type)) for k in plan.keys),
        measures=measures,
        where=None,
        having=having,
    )


def _is_of_days(expression: Expression) -> bool:
    """Whether days are enough: of each group as a whole, and of what can be put together."""
    match expression:
        case Aggregated(compute, Standing(moment=moment, per=per)):
            # Per account there may be a row for each day, and of times of the day one for each row.
            return compute in _ADDED and moment.type is DataType.DATE and not per
        case Aggregated(compute):
            return compute in _ADDED
        case _:
            return isinstance(expression, Nothing)


@dataclass(slots=True)
class _Days:
    """What is computed of each day of a group, and by which days it is grouped besides."""

    keys: Sequence[Output]
    moments: dict[Expression, Output] = field(default_factory=dict)
    found: dict[Expression, Output] = field(default_factory=dict)

    def of_group(self, expression: Expression) -> Expression:
        """Return an aggregate over what was computed of days."""
        if not isinstance(expression, Aggregated):
            return expression
        standing = expression.argument
        if not isinstance(standing, Standing):
            return put_together(expression, "", self._measure)
        rows = structs.replace(expression, argument=standing.argument)

        def measure(partial: Aggregated, wanted: str) -> Expression:
            return self._stand(standing, partial.compute, self._measure(partial, wanted))

        return put_together(rows, "", measure)

    def _stand(self, standing: Standing, compute: AnyCompute, column: ColumnOf) -> Expression:
        some: Expression = column
        if compute is Compute.COUNT:
            # A day without a value has no sum, and a count of none: neither is the last one's.
            some = FormulaOf("NULLIF(n, 0)", (("n", column),), DataType.INTEGER)
        new = Output(f"day {len(self.moments) + 1}", standing.moment)
        day = self.moments.setdefault(standing.moment, new)
        moment = ColumnOf(DAYS, day.name, standing.moment.type)
        return structs.replace(standing, argument=some, moment=moment, type=some.type)

    def _measure(self, partial: Aggregated, _: str) -> ColumnOf:
        new = Output(f"part {len(self.found) + 1}", partial)
        return ColumnOf(DAYS, self.found.setdefault(partial, new).name, partial.type)
