"""How Redshift says it: as PostgreSQL did long ago."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from penstock.model.types import DataType
from penstock.query.types import AnyCompute, Granularity
from penstock.sql.dialects.numbers import divide_floats, is_float, is_statistic
from penstock.sql.dialects.snowflake import add_back
from penstock.sql.dialects.spark import double_backslashes
from penstock.sql.dialects.standard import Dialect
from penstock.sql.dialects.trino import semester_of_year
from penstock.sql.types import Written

_DAYS: Final = 7
_PARTS: Final = {Granularity.HOUR_OF_DAY: "HOUR", Granularity.WEEKDAY: "DOW"}


class Redshift(Dialect):
    name = "redshift"

    def write(self, tree: exp.Expr) -> Written:
        return super().write(divide_floats(tree, self.cast))

    def placeholder(self, number: int, type_: DataType) -> exp.Expr:  # noqa: ARG002 - as the others
        return exp.Parameter(this=exp.Literal.number(number))

    def extract(self, granularity: Granularity, argument: exp.Expr) -> exp.Expr:
        if granularity not in _PARTS:
            return super().extract(granularity, argument)
        part = exp.Extract(this=exp.Var(this=_PARTS[granularity]), expression=argument)
        if granularity is not Granularity.WEEKDAY:
            return part
        # Its Sunday is 0.
        monday = exp.Paren(this=exp.Add(this=part, expression=exp.Literal.number(_DAYS - 1)))
        rest = exp.Mod(this=monday, expression=exp.Literal.number(_DAYS))
        return exp.Paren(this=exp.Add(this=rest, expression=exp.Literal.number(1)))

    def semester(self, argument: exp.Expr) -> exp.Expr:
        return semester_of_year(self, argument)

    def back(self, argument: exp.Expr, amount: int, unit: Granularity, type_: DataType) -> exp.Expr:
        return add_back(self, argument, amount, unit, type_)

    def aggregate(self, compute: AnyCompute, argument: exp.Expr, type_: DataType) -> exp.Expr:
        if is_statistic(compute) and not is_float(argument):
            # An average of integers is one.
            argument = self.cast(argument, DataType.FLOAT)
        return super().aggregate(compute, argument, type_)

    def like(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        return exp.Like(this=left, expression=double_backslashes(pattern))

    def ilike(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        return exp.ILike(this=left, expression=double_backslashes(pattern))

    def literal_like(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        return exp.Like(this=left, expression=pattern)

    def same(self, left: exp.Expr, right: exp.Expr) -> exp.Expr:
        nulls = exp.And(
            this=exp.Is(this=left.copy(), expression=exp.Null()),
            expression=exp.Is(this=right.copy(), expression=exp.Null()),
        )
        equal = exp.EQ(this=left, expression=right)
        return exp.Paren(this=exp.Or(this=equal, expression=exp.Paren(this=nulls)))
