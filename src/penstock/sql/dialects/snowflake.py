"""How Snowflake says it, whatever its session's first day of the week."""

from __future__ import annotations

from typing import ClassVar

from sqlglot import exp

from penstock.model.types import DataType
from penstock.query.types import AnyCompute, Granularity
from penstock.sql.dialects.marked import Marked
from penstock.sql.dialects.numbers import divide_floats, is_float, is_statistic
from penstock.sql.dialects.standard import Dialect
from penstock.sql.types import Written


class Snowflake(Marked):
    name = "snowflake"

    types: ClassVar[dict[DataType, exp.DType]] = {
        **Dialect.types,
        DataType.TIMESTAMP: exp.DType.TIMESTAMPNTZ,
    }

    def write(self, tree: exp.Expr) -> Written:
        return super().write(divide_floats(tree, self.cast))

    def truncate(self, granularity: Granularity, argument: exp.Expr) -> exp.Expr:
        if granularity is not Granularity.WEEK:
            return super().truncate(granularity, argument)
        day = exp.DayOfWeekIso(this=argument.copy())
        back = exp.Sub(this=exp.Literal.number(1), expression=day)
        start = self.cast(argument, DataType.DATE)
        return exp.DateAdd(this=start, expression=back, unit=exp.Var(this="DAY"))

    def back(self, argument: exp.Expr, amount: int, unit: Granularity, type_: DataType) -> exp.Expr:
        return add_back(self, argument, amount, unit, type_)

    def moment(self, argument: exp.Expr, zone: str) -> exp.Expr:  # noqa: ARG002 - it is one still
        """Return a moment as it is: it was one all the time, and knew its zone."""
        return argument

    def aggregate(self, compute: AnyCompute, argument: exp.Expr, type_: DataType) -> exp.Expr:
        if is_statistic(compute) and not is_float(argument):
            # An average of integers has six digits after the point.
            argument = self.cast(argument, DataType.FLOAT)
        return super().aggregate(compute, argument, type_)


def add_back(
    dialect: Dialect, argument: exp.Expr, amount: int, unit: Granularity, type_: DataType
) -> exp.Expr:
    """Add a negative amount, where an interval is not something to subtract."""
    added = exp.DateAdd(
        this=argument,
        expression=exp.Literal.number(-amount),
        unit=exp.Var(this=unit.value.upper()),
    )
    return dialect.cast(added, type_)
