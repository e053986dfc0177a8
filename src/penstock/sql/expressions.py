"""Plan expressions → sqlglot trees."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, assert_never

import sqlglot
from sqlglot import exp

from penstock.model.types import DataType
from penstock.plan.types import Aggregated, ColumnOf, Cut, Expression, FormulaOf
from penstock.query.types import Compute, Granularity, Percentile
from penstock.sql.dialects import duckdb

_HUNDRED = 100
_FIRST_SEMESTER = 6

_EXTRACTS: Final = {
    Granularity.WEEKDAY: exp.DayOfWeekIso,
    Granularity.MONTH_OF_YEAR: exp.Month,
    Granularity.HOUR_OF_DAY: exp.Hour,
    Granularity.DAY_OF_MONTH: exp.Day,
}

_AGGREGATES: Final = {
    Compute.SUM: exp.Sum,
    Compute.MIN: exp.Min,
    Compute.MAX: exp.Max,
    Compute.AVG: exp.Avg,
    Compute.COUNT: exp.Count,
    Compute.COUNT_APPROX_DISTINCT: exp.ApproxDistinct,
    Compute.MEDIAN: exp.Median,
    Compute.STDDEV: exp.Stddev,
    Compute.VARIANCE: exp.Variance,
}

_ARITHMETIC: Final = (exp.Add, exp.Sub, exp.Mul, exp.Neg, exp.Abs)

_NARROW: Final = frozenset({exp.DType.INT, exp.DType.SMALLINT, exp.DType.TINYINT})

_NUMBERS: Final = {DataType.INTEGER: exp.DType.BIGINT, DataType.FLOAT: exp.DType.DOUBLE}


def column(scan: str, name: str) -> exp.Column:
    return exp.Column(this=identifier(name), table=identifier(scan))


def identifier(name: str) -> exp.Identifier:
    return exp.Identifier(this=name, quoted=True)


def compile_expression(expression: Expression) -> exp.Expr:
    match expression:
        case ColumnOf(scan, name):
            return column(scan, name)
        case FormulaOf():
            return _typed(_formula(expression), expression.type)
        case Aggregated():
            return _aggregate(expression)
        case Cut(granularity, argument):
            return _cut(granularity, compile_expression(argument), expression.type)
        case unreachable:
            assert_never(unreachable)


def _aggregate(aggregated: Aggregated) -> exp.Expr:
    argument = compile_expression(aggregated.argument)
    compute = aggregated.compute
    if aggregated.type is DataType.FLOAT and aggregated.argument.type is DataType.DECIMAL:
        argument = _cast(argument, exp.DType.DOUBLE)
    if isinstance(compute, Percentile):
        share = exp.Literal.number(f"{compute.rank / _HUNDRED}")
        return exp.PercentileCont(this=argument, expression=share)
    if compute is Compute.COUNT_DISTINCT:
        return exp.Count(this=exp.Distinct(expressions=[argument]))
    tree: exp.Expr = _AGGREGATES[compute](this=argument)
    if compute is Compute.SUM and aggregated.type is DataType.INTEGER:
        # Engines widen sums of integers each in their own way: this is exact, or an error.
        return _cast(tree, exp.DType.BIGINT)
    return tree


def _cast(tree: exp.Expr, to: exp.DType) -> exp.Expr:
    return exp.Cast(this=tree, to=exp.DataType(this=to, nested=False))


def _cut(granularity: Granularity, argument: exp.Expr, type_: DataType) -> exp.Expr:
    if granularity.extracts:
        return _EXTRACTS[granularity](this=argument)
    if granularity is Granularity.DAY:
        return _cast(argument, exp.DType.DATE)
    if granularity is Granularity.SEMESTER:
        first = exp.LTE(
            this=exp.Month(this=argument.copy()), expression=exp.Literal.number(_FIRST_SEMESTER)
        )
        start = exp.Case(
            ifs=[exp.If(this=first, true=exp.Literal.number(1))],
            default=exp.Literal.number(_FIRST_SEMESTER + 1),
        )
        return exp.DateFromParts(
            year=exp.Year(this=argument), month=start, day=exp.Literal.number(1)
        )
    tree = duckdb.truncate(granularity, argument)
    return _cast(tree, exp.DType.DATE) if type_ is DataType.DATE else tree


def _formula(formula: FormulaOf) -> exp.Expr:
    tree = _parsed(formula.text).copy()
    inputs = dict(formula.inputs)
    calculates = tree.find(*_ARITHMETIC) is not None

    def fill(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Column):
            return node
        found = inputs[node.name]
        filled = compile_expression(found)
        if calculates and isinstance(found, ColumnOf) and found.type is DataType.INTEGER:
            # The language has one integer; in a column's own 16 bits 200 * 200 has no room.
            return _cast(filled, exp.DType.BIGINT)
        return filled

    return tree.transform(fill, copy=False)


def _typed(tree: exp.Expr, type_: DataType) -> exp.Expr:
    """Return a formula as the type its attribute declares, whatever the engine makes of it."""
    to = _NUMBERS.get(type_)
    return exp.Paren(this=tree) if to is None else _cast(tree, to)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> exp.Expr:
    """Parse a formula once. A division by zero is null, and integers are wide, on every engine."""
    tree = sqlglot.parse_one(text)
    for type_ in tree.find_all(exp.DataType):
        if type_.this in _NARROW:
            type_.set("this", exp.DType.BIGINT)
    for division in list(tree.find_all(exp.Div, exp.Mod)):
        divisor = division.expression
        if not isinstance(divisor, exp.Literal) or (divisor.is_number and float(divisor.name) == 0):
            zero = exp.Literal.number(0)
            division.set("expression", exp.Nullif(this=divisor, expression=zero))
    return tree
