"""What a formula means → how MySQL and MariaDB say it."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from penstock.errors import NotSupportedError
from penstock.model.types import DataType
from penstock.sql.dialects.numbers import divide_floats, is_float
from penstock.sql.dialects.own_words import OwnWords, Rewrite, rewrite
from penstock.sql.dialects.standard import Dialect

_MICROSECONDS: Final = 6

_CUTS: Final = {
    "SECOND": "(:x - INTERVAL MICROSECOND(:x) MICROSECOND)",
    "MINUTE": "(DATE(:x) + INTERVAL HOUR(:x) * 60 + MINUTE(:x) MINUTE)",
    "HOUR": "(DATE(:x) + INTERVAL HOUR(:x) HOUR)",
    "DAY": "DATE(:x)",
    "WEEK": "(DATE(:x) - INTERVAL WEEKDAY(:x) DAY)",
    "MONTH": "(DATE(:x) - INTERVAL DAYOFMONTH(:x) - 1 DAY)",
    "QUARTER": "(MAKEDATE(YEAR(:x), 1) + INTERVAL QUARTER(:x) * 3 - 3 MONTH)",
    "SEMESTER": "(MAKEDATE(YEAR(:x), 1) + INTERVAL IF(MONTH(:x) > 6, 6, 0) MONTH)",
    "YEAR": "MAKEDATE(YEAR(:x), 1)",
}

_PARTS: Final = {
    "DOW": "(DAYOFWEEK(:x) - 1)",
    "DOY": "DAYOFYEAR(:x)",
    "EPOCH": "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', :x) / CAST(1000000 AS DOUBLE))",
    "WEEK": "WEEK(:x, 3)",
}

# How often one of them begins between two moments.
_BETWEEN: Final = {
    "DAY": "DATEDIFF(:x, :y)",
    "MONTH": "((YEAR(:x) - YEAR(:y)) * 12 + MONTH(:x) - MONTH(:y))",
    "QUARTER": "((YEAR(:x) - YEAR(:y)) * 4 + QUARTER(:x) - QUARTER(:y))",
    "YEAR": "(YEAR(:x) - YEAR(:y))",
}

_OWN: Final = OwnWords("mysql", _CUTS, _PARTS)

fill = _OWN.fill
truncate = _OWN.truncate


def precise(type_: exp.DType) -> exp.DataType:
    """Return a type of times with microseconds, which it has none of by itself."""
    digits = exp.DataTypeParam(this=exp.Literal.number(_MICROSECONDS))
    return exp.DataType(this=type_, expressions=[digits], nested=False)


def rewrite_formulas(tree: exp.Expr, dialect: Dialect) -> exp.Expr:
    """Say in MySQL's way what it has another way, or another meaning, for."""
    return divide_floats(rewrite(tree, dialect, _REWRITES), dialect.cast)


def _cast(node: exp.Expr, _: Dialect) -> exp.Expr:
    to = node.args["to"]
    if to.expressions:
        return node
    if to.is_type(exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ):
        return exp.Cast(this=node.this, to=precise(exp.DType.DATETIME))
    if to.is_type(exp.DType.TIME):
        return exp.Cast(this=node.this, to=precise(exp.DType.TIME))
    if to.is_type(exp.DType.DECIMAL):
        node.set("to", exp.DataType.build("DECIMAL(18, 3)"))
    return node


def _average(node: exp.Expr, dialect: Dialect) -> exp.Expr:
    if not isinstance(node.this, exp.Distinct) and not is_float(node.this):
        # An average of whole numbers has four digits after the point.
        node.set("this", dialect.cast(node.this, DataType.FLOAT))
    return node


def _difference(node: exp.Expr, _: Dialect) -> exp.Expr:
    later, earlier = node.this, node.expression
    unit = node.args["unit"].name.upper() if node.args.get("unit") else "DAY"
    if unit in _BETWEEN:
        return fill(_BETWEEN[unit], x=later, y=earlier)
    later, earlier = truncate(unit, later), truncate(unit, earlier)
    return fill(f"TIMESTAMPDIFF({unit}, :y, :x)", x=later, y=earlier)


def _logarithm(node: exp.Expr, _: Dialect) -> exp.Expr:
    if node.args.get("expression") is None:
        return exp.Anonymous(this="LOG10", expressions=[node.this])
    return node


def _extreme(node: exp.Expr, _: Dialect) -> exp.Expr:
    """Return the largest or smallest of those that are not null; here one null makes it null."""
    values = [node.this, *node.expressions]
    filled = [
        exp.Coalesce(this=value.copy(), expressions=[v.copy() for v in values if v is not value])
        for value in values
    ]
    return type(node)(this=filled[0], expressions=filled[1:])


def _filtered(node: exp.Expr, _: Dialect) -> exp.Expr:
    """Let the other rows be null, which aggregates leave out."""
    aggregate, value = node.this, node.this.this
    if not isinstance(aggregate, exp.AggFunc):
        raise NotSupportedError(
            "MySQL and MariaDB have no FILTER after a median or percentile.",
            hint="Filter the rows with WHERE, in a WITH of their own.",
        )
    while isinstance(value, exp.Distinct | exp.Order):
        value = value.expressions[0] if isinstance(value, exp.Distinct) else value.this
    found = exp.Literal.number(1) if isinstance(value, exp.Star) else value.copy()
    value.replace(exp.Case(ifs=[exp.If(this=node.expression.this, true=found)]))
    return aggregate


def _refuse(node: exp.Expr, _: Dialect) -> exp.Expr:
    name = "TRY_CAST" if isinstance(node, exp.TryCast) else "INITCAP"
    raise NotSupportedError(
        f"MySQL and MariaDB have no {name}, which a formula of this query uses.",
        hint="Use CASE and CAST, or another engine for this table.",
    )


_REWRITES: Final[dict[type[exp.Expr], Rewrite]] = {
    **_OWN.rewrites(),
    exp.Avg: _average,
    exp.Cast: _cast,
    exp.DateDiff: _difference,
    exp.Filter: _filtered,
    exp.Greatest: _extreme,
    exp.Initcap: _refuse,
    exp.Least: _extreme,
    exp.Log: _logarithm,
    exp.TryCast: _refuse,
}
