"""Plan expressions → sqlglot trees."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, assert_never

import sqlglot
from sqlglot import exp

from penstock.model.types import DataType
from penstock.plan.types import Aggregated, ColumnOf, Cut, Expression, FormulaOf
from penstock.sql.dialects.standard import Dialect

_ARITHMETIC: Final = (exp.Add, exp.Sub, exp.Mul, exp.Neg, exp.Abs)

_NARROW: Final = frozenset({exp.DType.INT, exp.DType.SMALLINT, exp.DType.TINYINT})

_NUMBERS: Final = frozenset({DataType.INTEGER, DataType.FLOAT})


def column(scan: str, name: str) -> exp.Column:
    return exp.Column(this=identifier(name), table=identifier(scan))


def identifier(name: str) -> exp.Identifier:
    return exp.Identifier(this=name, quoted=True)


def compile_expression(expression: Expression, dialect: Dialect) -> exp.Expr:
    match expression:
        case ColumnOf(scan, name):
            return column(scan, name)
        case FormulaOf():
            tree = _formula(expression, dialect)
            return _typed(tree, expression.type, dialect)
        case Aggregated():
            return _aggregate(expression, dialect)
        case Cut(granularity, argument):
            return dialect.cut(granularity, compile_expression(argument, dialect), expression.type)
        case unreachable:
            assert_never(unreachable)


def _aggregate(aggregated: Aggregated, dialect: Dialect) -> exp.Expr:
    argument = compile_expression(aggregated.argument, dialect)
    if aggregated.type is DataType.FLOAT and aggregated.argument.type is DataType.DECIMAL:
        argument = dialect.cast(argument, DataType.FLOAT)
    return dialect.aggregate(aggregated.compute, argument, aggregated.type)


def _formula(formula: FormulaOf, dialect: Dialect) -> exp.Expr:
    tree = _parsed(formula.text).copy()
    inputs = dict(formula.inputs)
    calculates = tree.find(*_ARITHMETIC) is not None

    def fill(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Column):
            return node
        found = inputs[node.name]
        filled = compile_expression(found, dialect)
        if calculates and isinstance(found, ColumnOf) and found.type is DataType.INTEGER:
            # The language has one integer; in a column's own 16 bits 200 * 200 has no room.
            return dialect.cast(filled, DataType.INTEGER)
        return filled

    return tree.transform(fill, copy=False)


def _typed(tree: exp.Expr, type_: DataType, dialect: Dialect) -> exp.Expr:
    """Return a formula as the type its attribute declares, whatever the engine makes of it."""
    return dialect.cast(tree, type_) if type_ in _NUMBERS else exp.Paren(this=tree)


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
