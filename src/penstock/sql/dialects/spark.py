"""How Spark says it, with ANSI mode on and UTC as the time zone of the session."""

from __future__ import annotations

from typing import ClassVar, Final

from sqlglot import exp

from penstock.model.types import DataType
from penstock.query.types import Granularity
from penstock.sql.dialects.numbers import divide_floats, is_fractional
from penstock.sql.dialects.standard import Dialect
from penstock.sql.types import Written

# Sent as text: the client would read a time without zone in the zone of its own machine.
_AS_TEXT: Final = frozenset({DataType.TIMESTAMP, DataType.TIMESTAMP_TZ, DataType.TIME})
_BACKSLASH: Final = "\\"


class Spark(Dialect):
    name = "spark"
    keys = 1_000

    types: ClassVar[dict[DataType, exp.DType]] = {
        **Dialect.types,
        DataType.TIMESTAMP: exp.DType.TIMESTAMPNTZ,
    }

    def write(self, tree: exp.Expr) -> Written:
        return super().write(divide_floats(tree, self.cast))

    def placeholder(self, number: int, type_: DataType) -> exp.Expr:
        mark = exp.Placeholder(this=f"p{number}")
        return self.cast(mark, type_) if type_ in _AS_TEXT else mark

    def cast(self, tree: exp.Expr, type_: DataType) -> exp.Expr:
        if type_ is DataType.INTEGER and is_fractional(tree):
            # Its own cast cuts 2.7 down to 2; the others round.
            tree = exp.Anonymous(this="BROUND", expressions=[tree])
        return super().cast(tree, type_)

    def cut(self, granularity: Granularity, argument: exp.Expr, type_: DataType) -> exp.Expr:
        tree = super().cut(granularity, argument, type_)
        # Cut short, a time without zone has got one.
        return self.cast(tree, type_) if type_ is DataType.TIMESTAMP else tree

    def extract(self, granularity: Granularity, argument: exp.Expr) -> exp.Expr:
        if granularity is not Granularity.WEEKDAY:
            return super().extract(granularity, argument)
        # Its Monday is 0.
        day = exp.Anonymous(this="WEEKDAY", expressions=[argument])
        return exp.Paren(this=exp.Add(this=day, expression=exp.Literal.number(1)))

    def zoned(self, argument: exp.Expr, zone: str) -> exp.Expr:
        return exp.Anonymous(
            this="FROM_UTC_TIMESTAMP", expressions=[argument, exp.Literal.string(zone)]
        )

    def moment(self, argument: exp.Expr, zone: str) -> exp.Expr:
        return exp.Anonymous(
            this="TO_UTC_TIMESTAMP", expressions=[argument, exp.Literal.string(zone)]
        )

    def percentile(self, argument: exp.Expr, share: str) -> exp.Expr:
        return exp.Quantile(this=argument, quantile=exp.Literal.number(share))

    def like(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        return exp.Like(this=left, expression=double_backslashes(pattern))

    def ilike(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        return exp.ILike(this=left, expression=double_backslashes(pattern))

    def literal_like(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        return exp.Like(this=left, expression=pattern)


def double_backslashes(pattern: exp.Expr) -> exp.Expr:
    """Return a pattern in which a backslash is a letter, where it escapes the next by itself."""
    one, two = (exp.Literal.string(_BACKSLASH * count) for count in (1, 2))
    return exp.Replace(this=pattern, expression=one, replacement=two)
