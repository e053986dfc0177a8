"""How ClickHouse says it: a server, or the one inside of this process."""

from __future__ import annotations

from typing import ClassVar, Final

from sqlglot import exp

from penstock.model.types import DataType
from penstock.query.types import AnyCompute, Compute, Granularity
from penstock.sql.dialects.clickhouse_formulas import fill, rewrite_formulas, spread, truncate
from penstock.sql.dialects.clickhouse_numbers import rewrite_numbers
from penstock.sql.dialects.numbers import divide_floats, is_float, is_statistic
from penstock.sql.dialects.standard import Dialect
from penstock.sql.types import Written

_HALF: Final = "0.5"

_NATIVE: Final = {
    DataType.BOOLEAN: "Bool",
    DataType.INTEGER: "Int64",
    DataType.FLOAT: "Float64",
    DataType.DECIMAL: "Decimal(76, 38)",
    DataType.STRING: "String",
    DataType.DATE: "Date32",
    DataType.TIMESTAMP: "DateTime64(6, 'UTC')",
    DataType.TIMESTAMP_TZ: "DateTime64(6, 'UTC')",
    DataType.TIME: "Time64(6)",
    DataType.BYTES: "String",
    DataType.JSON: "String",
}

_SPREADS: Final = {Compute.STDDEV: "stddevSampStable", Compute.VARIANCE: "varSampStable"}

_COUNTS: Final = frozenset({Compute.COUNT, Compute.COUNT_DISTINCT, Compute.COUNT_APPROX_DISTINCT})

_MARKED: Final = {
    DataType.DECIMAL: exp.DType.DECIMAL,
    DataType.FLOAT: exp.DType.FLOAT,
    DataType.STRING: exp.DType.TEXT,
    DataType.JSON: exp.DType.TEXT,
}


class ClickHouse(Dialect):
    """From version 25.6 on, with the settings of `penstock.engine.clickhouse.link`."""

    name = "clickhouse"

    has_booleans = False

    types: ClassVar[dict[DataType, exp.DType]] = {
        **Dialect.types,
        DataType.DATE: exp.DType.DATE32,
    }

    def write(self, tree: exp.Expr) -> Written:
        tree = divide_floats(rewrite_formulas(rewrite_numbers(tree), self), self.cast)
        for select in list(tree.find_all(exp.Select)):
            _send_texts(select)
        return super().write(tree)

    def placeholder(self, number: int, type_: DataType) -> exp.Expr:
        kind = exp.DataType.build(_NATIVE[type_], dialect="clickhouse", udt=True)
        tree = exp.Placeholder(this=f"p{number}", kind=kind)
        return fill("unhex(:x)", x=tree) if type_ is DataType.BYTES else tree

    def column(self, tree: exp.Expr, type_: DataType) -> exp.Expr:
        if type_ in _MARKED:
            tree.type = exp.DataType(this=_MARKED[type_])
        return tree

    def cast(self, tree: exp.Expr, type_: DataType) -> exp.Expr:
        match type_:
            case DataType.INTEGER if isinstance(tree, exp.Column):
                # Its integers begin anew when they are too large: here they have room.
                return fill("toInt128(:x)", x=tree)
            case DataType.INTEGER:
                return fill("accurateCast(round(:x), 'Nullable(Int64)')", x=tree)
            case DataType.TIMESTAMP | DataType.TIMESTAMP_TZ:
                return fill("toDateTime64(:x, 6, 'UTC')", x=tree)
            case DataType.TIME:
                return fill("accurateCast(:x, 'Nullable(Time64(6))')", x=tree)
            case _:
                return super().cast(tree, type_)

    # Dates and times

    def extract(self, granularity: Granularity, argument: exp.Expr) -> exp.Expr:
        if granularity is Granularity.HOUR_OF_DAY:
            argument = self.cast(argument, DataType.TIMESTAMP)
        return super().extract(granularity, argument)

    def truncate(self, granularity: Granularity, argument: exp.Expr) -> exp.Expr:
        return truncate(granularity.value.upper(), argument)

    def semester(self, argument: exp.Expr) -> exp.Expr:
        return self.truncate(Granularity.SEMESTER, argument)

    def back(self, argument: exp.Expr, amount: int, unit: Granularity, type_: DataType) -> exp.Expr:
        # A Date of 16 bits begins in 1970.
        how = "subtractMonths" if unit is Granularity.MONTH else "subtractDays"
        return fill(f"{how}(:x, {amount:d})", x=self.cast(argument, type_))

    def zoned(self, argument: exp.Expr, zone: str) -> exp.Expr:
        return fill(
            "addSeconds(toDateTime64(:x, 6, 'UTC'), timeZoneOffset(toTimeZone(:x, :zone)))",
            x=argument,
            zone=exp.Literal.string(zone),
        )

    def moment(self, argument: exp.Expr, zone: str) -> exp.Expr:
        return fill(
            "toTimeZone(toDateTime64(toString(:x), 6, :zone), 'UTC')",
            x=self.cast(argument, DataType.TIMESTAMP),
            zone=exp.Literal.string(zone),
        )

    # Aggregates

    def aggregate(self, compute: AnyCompute, argument: exp.Expr, type_: DataType) -> exp.Expr:
        if compute is Compute.SUM and type_ is DataType.INTEGER:
            return fill("accurateCast(sum(toInt128(:x)), 'Nullable(Int64)')", x=argument)
        if compute is Compute.MEDIAN:
            return self.percentile(argument, _HALF)
        if compute in _SPREADS:
            return spread(_SPREADS[compute], argument)
        if type_ is DataType.FLOAT and (compute is Compute.SUM or is_statistic(compute)):
            # A sum of Float32 is one, and an average of decimals has their digits.
            argument = argument if is_float(argument) else self.cast(argument, DataType.FLOAT)
        tree = super().aggregate(compute, argument, type_)
        # Its counts have no sign, and nothing in common with integers that have one.
        return fill("toInt64(:x)", x=tree) if compute in _COUNTS else tree

    def percentile(self, argument: exp.Expr, share: str) -> exp.Expr:
        return fill(f"quantileExactInclusive({float(share)})(:x)", x=argument)

    # Comparisons: `\` escapes in every pattern.

    def like(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        return exp.Like(this=left, expression=_plain(pattern))

    def ilike(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        return exp.ILike(this=left, expression=_plain(pattern))

    def literal_like(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        return exp.Like(this=left, expression=pattern)


def _send_texts(select: exp.Select) -> None:
    """Send as text what counts as one: an Enum is sent as its number, and a UUID as its bytes."""
    for output in select.expressions:
        tree = output.unalias()
        inner = tree.this if isinstance(tree, exp.Min | exp.Max) else tree
        if isinstance(inner, exp.Column) and inner.is_type(exp.DType.TEXT):
            tree.replace(fill("toString(:x)", x=tree.copy()))


def _plain(pattern: exp.Expr) -> exp.Expr:
    return fill("replaceAll(:x, '\\\\', '\\\\\\\\')", x=pattern)
