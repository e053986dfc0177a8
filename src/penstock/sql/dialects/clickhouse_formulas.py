"""What a formula means → how ClickHouse says it."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from penstock.model.types import DataType
from penstock.sql.dialects.own_words import OwnWords, Rewrite, rewrite
from penstock.sql.dialects.rounding import choose_floats
from penstock.sql.dialects.standard import Dialect

_CUTS: Final = {
    # Its own start of a second is the next one before 1970.
    "SECOND": "fromUnixTimestamp64Micro(toUnixTimestamp64Micro(toDateTime64(:x, 6, 'UTC'))"
    " - positiveModulo(toUnixTimestamp64Micro(toDateTime64(:x, 6, 'UTC')), 1000000), 'UTC')",
    "MINUTE": "toStartOfMinute(toDateTime64(:x, 6, 'UTC'))",
    "HOUR": "toStartOfHour(toDateTime64(:x, 6, 'UTC'))",
    "DAY": "CAST(:x AS Nullable(Date32))",
    "WEEK": "toStartOfWeek(CAST(:x AS Nullable(Date32)), 1)",
    "MONTH": "toStartOfMonth(CAST(:x AS Nullable(Date32)))",
    "QUARTER": "toStartOfQuarter(CAST(:x AS Nullable(Date32)))",
    "SEMESTER": "makeDate32(toYear(:x), if(toMonth(:x) > 6, 7, 1), 1)",
    "YEAR": "toStartOfYear(CAST(:x AS Nullable(Date32)))",
}

_PARTS: Final = {
    "DOW": "(toDayOfWeek(:x) % 7)",
    "DOY": "toDayOfYear(:x)",
    "EPOCH": "toUnixTimestamp64Micro(toDateTime64(:x, 6, 'UTC')) / 1000000",
    "WEEK": "toISOWeek(:x)",
}

_OWN: Final = OwnWords("clickhouse", _CUTS, _PARTS)

fill = _OWN.fill
truncate = _OWN.truncate


def spread(name: str, argument: exp.Expr) -> exp.Expr:
    """Return a deviation or variance: of one value there is none."""
    return fill(f"if(count(:x) > 1, {name}(:x), NULL)", x=argument)


def rewrite_formulas(tree: exp.Expr, dialect: Dialect) -> exp.Expr:
    """Say in ClickHouse's way what it has another way, or another meaning, for."""
    return rewrite(tree, dialect, _REWRITES)


def _cast(node: exp.Expr, dialect: Dialect) -> exp.Expr:
    to = node.args["to"]
    if to.is_type(exp.DType.DECIMAL):
        return _cast_decimal(node, to)
    if to.expressions or to.args.get("nested"):
        return node
    if to.is_type(exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ):
        return dialect.cast(node.this, DataType.TIMESTAMP)
    if to.is_type(exp.DType.TIME):
        return dialect.cast(node.this, DataType.TIME)
    if to.is_type(exp.DType.DATE):
        node.set("to", exp.DataType(this=exp.DType.DATE32, nested=False))
    if to.is_type(exp.DType.BIGINT):
        return fill("accurateCast(round(:x), 'Nullable(Int64)')", x=node.this)
    return node


def _cast_decimal(node: exp.Expr, to: exp.DataType) -> exp.Expr:
    if not to.expressions:
        to = exp.DataType.build("DECIMAL(18, 3)")
    scale = to.expressions[1].this.copy() if len(to.expressions) > 1 else exp.Literal.number(0)
    # Its own cast cuts off what it should round.
    return exp.Cast(this=fill("round(:x, :n)", x=node.this, n=scale), to=to)


def _average(node: exp.Expr, dialect: Dialect) -> exp.Expr:
    if not isinstance(node.this, exp.Distinct):
        node.set("this", dialect.cast(node.this, DataType.FLOAT))
    return node


def _deviation(node: exp.Expr, _: Dialect) -> exp.Expr:
    return spread("stddevSampStable", node.this)


def _variance(node: exp.Expr, _: Dialect) -> exp.Expr:
    return spread("varSampStable", node.this)


def _difference(node: exp.Expr, _: Dialect) -> exp.Expr:
    unit = node.args["unit"].name.lower() if node.args.get("unit") else "day"
    return fill(f"dateDiff('{unit}', :y, :x)", x=node.this, y=node.expression)


def _position(node: exp.Expr, _: Dialect) -> exp.Expr:
    return fill("positionUTF8(:x, :y)", x=node.this, y=node.args["substr"])


def _call(name: str) -> Rewrite:
    """Return the way to a function of text that counts signs, not bytes."""

    def rewrite(node: exp.Expr, _: Dialect) -> exp.Expr:
        parts = (node.this, node.args.get("start"), node.args.get("length"), node.expression)
        found = [part for part in parts if isinstance(part, exp.Expr)]
        return exp.Anonymous(this=name, expressions=found)

    return rewrite


def _logarithm(node: exp.Expr, _: Dialect) -> exp.Expr:
    other = node.args.get("expression")
    if other is None:
        return fill("log10(:x)", x=node.this)
    return fill("(log(:x) / log(:b))", x=other, b=node.this)


def _pad(node: exp.Expr, _: Dialect) -> exp.Expr:
    name = "leftPadUTF8" if node.args.get("is_left") else "rightPadUTF8"
    fill_ = node.args.get("fill_pattern") or exp.Literal.string(" ")
    return exp.Anonymous(this=name, expressions=[node.this, node.expression, fill_])


def _choice(node: exp.Expr, dialect: Dialect) -> exp.Expr:
    return choose_floats(node, dialect.cast)


def _initcap(node: exp.Expr, _: Dialect) -> exp.Expr:
    return fill("initcapUTF8(:x)", x=node.this)


def _literal(node: exp.Expr, _: Dialect) -> exp.Expr:
    """Let a decimal be one where it calculates: here it is a float."""
    whole, point, rest = node.name.partition(".")
    if node.is_string or not point or not f"{whole}{rest}".isdigit():
        return node
    if not isinstance(node.parent, exp.Add | exp.Sub | exp.Mul):
        return node
    return fill(f"toDecimal128('{node.name}', {len(rest):d})")


_REWRITES: Final[dict[type[exp.Expr], Rewrite]] = {
    **_OWN.rewrites(),
    exp.Avg: _average,
    exp.Case: _choice,
    exp.Cast: _cast,
    exp.Coalesce: _choice,
    exp.DateDiff: _difference,
    exp.Greatest: _choice,
    exp.If: _choice,
    exp.Initcap: _initcap,
    exp.Least: _choice,
    exp.Left: _call("leftUTF8"),
    exp.Length: _call("lengthUTF8"),
    exp.Literal: _literal,
    exp.Log: _logarithm,
    exp.Lower: _call("lowerUTF8"),
    exp.Pad: _pad,
    exp.Right: _call("rightUTF8"),
    exp.Stddev: _deviation,
    exp.StddevSamp: _deviation,
    exp.StrPosition: _position,
    exp.Substring: _call("substringUTF8"),
    exp.Upper: _call("upperUTF8"),
    exp.Variance: _variance,
}
