"""How SQLite says it: it has no dates, booleans or decimals, so we lend it functions of ours.

Dates and times are text in ISO form; `penstock_…` are registered by engine/sqlite.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from penstock.model.types import DataType
from penstock.query.types import AnyCompute, Compute, Granularity
from penstock.sql.dialects.marked import Marked
from penstock.sql.dialects.sqlite_decimals import rewrite_decimals
from penstock.sql.dialects.sqlite_formulas import call, number, rewrite_formulas, substring, text
from penstock.sql.types import Written

_STARTS: Final = {Granularity.MONTH: "start of month", Granularity.YEAR: "start of year"}
_SPANS: Final = {Granularity.QUARTER: 3, Granularity.SEMESTER: 6}
# How many characters of `2013-01-31 10:20:30` stay, and what follows them.
_CLOCKS: Final = {
    Granularity.SECOND: (19, ""),
    Granularity.MINUTE: (16, ":00"),
    Granularity.HOUR: (13, ":00:00"),
}
_PARTS: Final = {
    Granularity.MONTH_OF_YEAR: 6,
    Granularity.DAY_OF_MONTH: 9,
    Granularity.HOUR_OF_DAY: 12,
}
_DATE: Final = 10  # characters
_STATISTICS: Final = {
    Compute.STDDEV: "penstock_stddev",
    Compute.VARIANCE: "penstock_variance",
}
_NUMBERS: Final = {
    DataType.INTEGER: exp.DType.BIGINT,
    DataType.FLOAT: exp.DType.DOUBLE,
    DataType.DECIMAL: exp.DType.DECIMAL,
}
_MOMENTS: Final = {
    DataType.TIMESTAMP: "penstock_timestamp",
    DataType.TIMESTAMP_TZ: "penstock_utc",
}


class SQLite(Marked):
    name = "sqlite"
    converts_safely = True
    exact_means = True

    def write(self, tree: exp.Expr) -> Written:
        return super().write(rewrite_formulas(rewrite_decimals(tree)))

    def column(self, tree: exp.Expr, type_: DataType) -> exp.Expr:
        """Return a column as it is compared: a moment can be written in several ways."""
        if type_ in _NUMBERS:
            tree.type = exp.DataType(this=_NUMBERS[type_])
        if type_ in _MOMENTS:
            return call(_MOMENTS[type_], tree)
        if type_ is DataType.STRING:
            return exp.Collate(this=tree, expression=exp.Var(this="BINARY"))
        return tree

    def cast(self, tree: exp.Expr, type_: DataType) -> exp.Expr:
        match type_:
            case DataType.INTEGER if isinstance(tree, exp.Column | exp.Sum):
                return tree  # 64 bits already; a sum that is more is an error
            case DataType.FLOAT | DataType.STRING | DataType.INTEGER:
                return super().cast(tree, type_)
            case DataType.DATE:
                return substring(tree, 1, _DATE)
            case DataType.TIMESTAMP | DataType.TIMESTAMP_TZ:
                return call(_MOMENTS[type_], tree)
            case DataType.BOOLEAN:
                return exp.NEQ(this=exp.Paren(this=tree), expression=number(0))
            case _:
                return tree

    # Dates and times

    def extract(self, granularity: Granularity, argument: exp.Expr) -> exp.Expr:
        if granularity is not Granularity.WEEKDAY:
            return _integer(substring(argument, _PARTS[granularity], 2))
        sunday_0 = exp.Anonymous(this="STRFTIME", expressions=[text("%w"), _day(argument)])
        # From Sunday = 0 to Monday = 1.
        rest = exp.Mod(this=exp.Paren(this=exp.Add(this=sunday_0, expression=number(6))),
                       expression=number(7))  # fmt: skip
        return exp.Paren(this=exp.Add(this=rest, expression=number(1)))

    def truncate(self, granularity: Granularity, argument: exp.Expr) -> exp.Expr:
        if granularity in _CLOCKS:
            length, rest = _CLOCKS[granularity]
            kept = substring(argument, 1, length)
            return exp.DPipe(this=kept, expression=text(rest)) if rest else kept
        if granularity is Granularity.WEEK:
            # `weekday 1` goes on to the next Monday, unless it is one.
            return _moved(argument, "-6 days", "weekday 1")
        if granularity in _STARTS:
            return _moved(argument, _STARTS[granularity])
        return self._start_of_span(_SPANS[granularity], argument)

    def semester(self, argument: exp.Expr) -> exp.Expr:
        return self.truncate(Granularity.SEMESTER, argument)

    def _start_of_span(self, months: int, argument: exp.Expr) -> exp.Expr:
        month = exp.Paren(
            this=exp.Sub(this=_integer(substring(argument, 6, 2)), expression=number(1))
        )
        rest = exp.Paren(this=exp.Mod(this=month, expression=number(months)))
        back = exp.DPipe(
            this=exp.DPipe(this=text("-"), expression=rest), expression=text(" months")
        )
        return _moved(argument.copy(), "start of month", back)

    def back(self, argument: exp.Expr, amount: int, unit: Granularity, type_: DataType) -> exp.Expr:
        if unit is Granularity.DAY:
            day = _moved(argument, f"-{amount} days")
        else:
            # It makes 3 March of 31 March less a month: the last of the month before is less.
            last = _moved(
                argument.copy(), "start of month", f"-{amount} months", "+1 months", "-1 day"
            )
            moved = _moved(argument, f"-{amount} months")
            day = exp.Anonymous(this="MIN", expressions=[moved, last])
        if type_ is DataType.DATE:
            return day
        clock = exp.Anonymous(this="SUBSTR", expressions=[argument.copy(), number(_DATE + 1)])
        return exp.Paren(this=exp.DPipe(this=day, expression=clock))

    def zoned(self, argument: exp.Expr, zone: str) -> exp.Expr:
        return call("penstock_zoned", argument, text(zone))

    def moment(self, argument: exp.Expr, zone: str) -> exp.Expr:
        return call("penstock_moment", argument, text(zone))

    # Aggregates

    def aggregate(self, compute: AnyCompute, argument: exp.Expr, type_: DataType) -> exp.Expr:
        if compute is Compute.COUNT_APPROX_DISTINCT:
            return super().aggregate(Compute.COUNT_DISTINCT, argument, type_)
        if compute is Compute.MEDIAN:
            return self.percentile(argument, "0.5")
        if compute is Compute.SUM and type_ is DataType.DECIMAL:
            return call("penstock_sum", argument)
        if isinstance(compute, Compute) and compute in _STATISTICS:
            return call(_STATISTICS[compute], argument)
        return super().aggregate(compute, argument, type_)

    def percentile(self, argument: exp.Expr, share: str) -> exp.Expr:
        return call("penstock_percentile", argument, number(share))

    # Comparisons

    def like(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        return call("penstock_like", left, pattern)

    def ilike(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        return call("penstock_ilike", left, pattern)

    def literal_like(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        return call("penstock_literal_like", left, pattern)

    def same(self, left: exp.Expr, right: exp.Expr) -> exp.Expr:
        return exp.Is(this=left, expression=right)


def _day(argument: exp.Expr) -> exp.Expr:
    """Return the date of a moment: SQLite rounds its last millisecond up to the next day."""
    return substring(argument, 1, _DATE)


def _moved(argument: exp.Expr, *ways: str | exp.Expr) -> exp.Expr:
    said = [text(way) if isinstance(way, str) else way for way in ways]
    return exp.Anonymous(this="DATE", expressions=[_day(argument), *said])


def _integer(tree: exp.Expr) -> exp.Expr:
    return exp.Cast(this=tree, to=exp.DataType(this=exp.DType.BIGINT, nested=False))
