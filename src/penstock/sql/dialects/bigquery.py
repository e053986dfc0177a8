"""How BigQuery says it: a TIMESTAMP is our time with a zone, a DATETIME the one without."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from penstock.model.types import DataType
from penstock.query.types import AnyCompute, Compute, Granularity
from penstock.sql.dialects.marked import Marked
from penstock.sql.dialects.numbers import divide_floats, interpolate, is_float
from penstock.sql.dialects.spark import double_backslashes
from penstock.sql.types import Written

_HALF: Final = "0.5"

# Its percentiles of groups are approximate. An offset beyond the array gives null.
_PERCENTILE: Final = """
ARRAY_AGG(:x IGNORE NULLS ORDER BY :x)
  [SAFE_OFFSET(CAST(FLOOR((COUNT(:x) - 1) * :share) AS INT64))]
+ ((COUNT(:x) - 1) * :share - FLOOR((COUNT(:x) - 1) * :share)) * (
  ARRAY_AGG(:x IGNORE NULLS ORDER BY :x)
    [SAFE_OFFSET(CAST(CEIL((COUNT(:x) - 1) * :share) AS INT64))]
  - ARRAY_AGG(:x IGNORE NULLS ORDER BY :x)
    [SAFE_OFFSET(CAST(FLOOR((COUNT(:x) - 1) * :share) AS INT64))]
)
"""

_LOCAL: Final = "DATETIME"

_TRUNCATIONS: Final = {
    DataType.DATE: exp.DateTrunc,
    DataType.TIMESTAMP: exp.DatetimeTrunc,
    DataType.TIMESTAMP_TZ: exp.TimestampTrunc,
}


class BigQuery(Marked):
    name = "bigquery"

    def write(self, tree: exp.Expr) -> Written:
        return super().write(divide_floats(_exact(tree), self.cast))

    def cut(self, granularity: Granularity, argument: exp.Expr, type_: DataType) -> exp.Expr:
        if granularity.extracts or granularity in {Granularity.DAY, Granularity.SEMESTER}:
            return super().cut(granularity, argument, type_)
        if type_ is DataType.DATE:
            argument = self.cast(argument, DataType.DATE)
        unit = "ISOWEEK" if granularity is Granularity.WEEK else granularity.value.upper()
        if _is_local(argument):
            type_ = DataType.TIMESTAMP
        return _TRUNCATIONS[type_](this=argument, unit=exp.Var(this=unit))

    def zoned(self, argument: exp.Expr, zone: str) -> exp.Expr:
        return _local(argument, zone)

    def moment(self, argument: exp.Expr, zone: str) -> exp.Expr:
        return exp.Anonymous(this="TIMESTAMP", expressions=[argument, exp.Literal.string(zone)])

    def aggregate(self, compute: AnyCompute, argument: exp.Expr, type_: DataType) -> exp.Expr:
        if compute is Compute.MEDIAN:
            return self.percentile(argument, _HALF)
        return super().aggregate(compute, argument, type_)

    def percentile(self, argument: exp.Expr, share: str) -> exp.Expr:
        if not is_float(argument):
            argument = self.cast(argument, DataType.FLOAT)
        return exp.Paren(this=interpolate(_PERCENTILE, "bigquery", argument, share))

    def back(self, argument: exp.Expr, amount: int, unit: Granularity, type_: DataType) -> exp.Expr:
        unit_ = exp.Var(this=unit.value.upper())
        if type_ is not DataType.DATE:
            # A TIMESTAMP has no months; a DATETIME of UTC is the same moment.
            argument = self.cast(argument, DataType.TIMESTAMP)
        kind = exp.DateSub if type_ is DataType.DATE else exp.DatetimeSub
        return self.cast(
            kind(this=argument, expression=exp.Literal.number(amount), unit=unit_), type_
        )

    def like(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        return exp.Like(this=left, expression=double_backslashes(pattern))

    def ilike(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        return exp.ILike(this=left, expression=double_backslashes(pattern))

    def literal_like(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        """Compare without ESCAPE, which it does not know: the backslash escapes by itself."""
        return exp.Like(this=left, expression=pattern)


def _local(argument: exp.Expr, zone: str) -> exp.Expr:
    return exp.Anonymous(this=_LOCAL, expressions=[argument, exp.Literal.string(zone)])


def _is_local(tree: exp.Expr) -> bool:
    return isinstance(tree, exp.Anonymous) and tree.name == _LOCAL


def _exact(tree: exp.Expr) -> exp.Expr:
    """Write decimal literals as such: bare ones are floats, and would make floats of decimals."""
    for literal in list(tree.find_all(exp.Literal)):
        if literal.is_number and not literal.is_int:
            exact = exp.DataType.build("DECIMAL")
            literal.replace(exp.Cast(this=exp.Literal.string(literal.name), to=exact))
    return tree
