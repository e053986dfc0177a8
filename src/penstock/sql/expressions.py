"""Plan expressions → sqlglot trees."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, assert_never

import sqlglot
from sqlglot import exp

from penstock.model.types import DataType
from penstock.plan.types import (
    Aggregated,
    AtMoment,
    Back,
    ColumnOf,
    Cut,
    Expression,
    Farthest,
    FormulaOf,
    KeyOf,
    Nothing,
    Standing,
)
from penstock.query.types import Compute
from penstock.sql.dialects.standard import Dialect

ANSWER: Final = "the answer"
"""Names of a model hold no spaces, so no scan is called this."""

_ARITHMETIC: Final = (exp.Add, exp.Sub, exp.Mul, exp.Neg, exp.Abs)

_NARROW: Final = frozenset({exp.DType.INT, exp.DType.SMALLINT, exp.DType.TINYINT})

# Of nulls alone these make null.
_STRICT: Final = (
    exp.Column,
    exp.Identifier,
    exp.Literal,
    exp.Paren,
    exp.Cast,
    exp.DataType,
    exp.DataTypeParam,
    exp.Add,
    exp.Sub,
    exp.Mul,
    exp.Div,
    exp.Mod,
    exp.Neg,
    exp.EQ,
    exp.NEQ,
    exp.GT,
    exp.GTE,
    exp.LT,
    exp.LTE,
    exp.DPipe,
    exp.Upper,
    exp.Lower,
)

_NUMBERS: Final = frozenset({DataType.INTEGER, DataType.FLOAT})


def column(scan: str, name: str) -> exp.Column:
    return exp.Column(this=identifier(name), table=identifier(scan))


def identifier(name: str) -> exp.Identifier:
    return exp.Identifier(this=name, quoted=True)


def write_expression(expression: Expression, dialect: Dialect) -> exp.Expr:
    """Compile an expression, to its text where that is the same in any statement.

    Totals and periods before have the same ones, and so do other questions.
    """
    if not dialect.writes_alone:
        return compile_expression(expression, dialect)
    return exp.Var(this=_text(expression, dialect))


def write_column(scan: str, name: str, dialect: Dialect) -> exp.Expr:
    if not dialect.writes_alone:
        return column(scan, name)
    return exp.Var(this=_text_of_column(scan, name, dialect))


@lru_cache(maxsize=8192)
def _text(expression: Expression, dialect: Dialect) -> str:
    return dialect.write(compile_expression(expression, dialect)).text


@lru_cache(maxsize=8192)
def _text_of_column(scan: str, name: str, dialect: Dialect) -> str:
    return dialect.write(column(scan, name)).text


def compile_expression(expression: Expression, dialect: Dialect) -> exp.Expr:
    match expression:
        case ColumnOf(scan, name):
            return dialect.column(column(scan, name), expression.type)
        case FormulaOf():
            tree = _typed(_formula(expression, dialect), expression.type, dialect)
            return _of_partner(tree, expression, dialect)
        case Aggregated():
            return _aggregate(expression, dialect)
        case KeyOf() | Back() | Nothing():
            return _beside(expression, dialect)
        case Standing() | Farthest() | AtMoment():
            return _at_moment(expression, dialect)
        case Cut():
            return _cut(expression, dialect)
        case unreachable:
            assert_never(unreachable)


def _beside(expression: KeyOf | Back | Nothing, dialect: Dialect) -> exp.Expr:
    """Return what stands in the place of a column: another row's, or nobody's."""
    match expression:
        case KeyOf(name):
            return column(ANSWER, name)
        case Back(argument, shift, type_):
            before = compile_expression(argument, dialect)
            return dialect.back(before, shift.amount, shift.unit, type_)
        case Nothing(type_):
            return dialect.nothing(type_)


def _at_moment(expression: Standing | Farthest | AtMoment, dialect: Dialect) -> exp.Expr:
    match expression:
        case Standing():
            raise TypeError(expression)  # `plan.standing` has said it by the other two
        case Farthest():
            return _farthest(expression, dialect)
        case AtMoment(argument, moment, wanted):
            value, own, other = (
                compile_expression(each, dialect) for each in (argument, moment, wanted)
            )
            is_now = exp.EQ(this=own, expression=other)
            return exp.Case(ifs=[exp.If(this=is_now, true=value)])


def _farthest(farthest: Farthest, dialect: Dialect) -> exp.Expr:
    moment = compile_expression(farthest.moment, dialect)
    among = [compile_expression(each, dialect) for each in farthest.among]
    return dialect.farthest(moment, among, earliest=farthest.earliest)


def _cut(cut: Cut, dialect: Dialect) -> exp.Expr:
    argument = compile_expression(cut.argument, dialect)
    if cut.argument.type is DataType.DATE is cut.type:
        return dialect.cut_day(cut.granularity, argument)
    if cut.zone is None:
        return dialect.cut(cut.granularity, argument, cut.type)
    local = dialect.cut(cut.granularity, dialect.zoned(argument, cut.zone), cut.type)
    # A moment cut short is a moment still, a day or a number is nobody's.
    return dialect.moment(local, cut.zone) if cut.type is DataType.TIMESTAMP_TZ else local


def _aggregate(aggregated: Aggregated, dialect: Dialect) -> exp.Expr:
    if _counts_rows(aggregated):
        return dialect.aggregate(aggregated.compute, exp.Star(), aggregated.type)
    argument = compile_expression(aggregated.argument, dialect)
    is_mean = aggregated.compute is Compute.AVG and dialect.exact_means
    is_exact = aggregated.argument.type is DataType.DECIMAL
    if aggregated.type is DataType.FLOAT and is_exact and not is_mean:
        argument = dialect.cast(argument, DataType.FLOAT)
    return dialect.aggregate(aggregated.compute, argument, aggregated.type)


def _counts_rows(aggregated: Aggregated) -> bool:
    """Whether each row has one of the values that are counted: not to look for it is cheaper."""
    argument = aggregated.argument
    is_count = aggregated.compute is Compute.COUNT
    return is_count and isinstance(argument, ColumnOf) and argument.filled


def _formula(formula: FormulaOf, dialect: Dialect) -> exp.Expr:
    tree = _parsed(formula.text).copy()
    inputs = dict(formula.inputs)
    calculates = tree.find(*_ARITHMETIC) is not None

    def fill(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Column):
            return node
        found = inputs[node.name]
        # The language has one integer; in a column's own 16 bits 200 * 200 has no room.
        is_narrow = calculates and found.type is DataType.INTEGER
        return _filled(found, dialect, is_narrow=is_narrow)

    return tree.transform(fill, copy=False)


def _filled(found: Expression, dialect: Dialect, *, is_narrow: bool) -> exp.Expr:
    tree = compile_expression(found, dialect)
    if not is_narrow or not isinstance(found, ColumnOf | AtMoment):
        return tree
    if isinstance(found, ColumnOf):
        return dialect.cast(tree, DataType.INTEGER)
    for when in tree.args["ifs"]:
        when.set("true", dialect.cast(when.args["true"], DataType.INTEGER))
    return tree


def _typed(tree: exp.Expr, type_: DataType, dialect: Dialect) -> exp.Expr:
    """Return a formula as the type its attribute declares, whatever the engine makes of it."""
    return dialect.cast(tree, type_) if type_ in _NUMBERS else exp.Paren(this=tree)


def _of_partner(tree: exp.Expr, formula: FormulaOf, dialect: Dialect) -> exp.Expr:
    """Return a formula of a joined row: null where there is none, whatever it makes of nulls."""
    if formula.partner is None or _is_strict(formula.text):
        return tree
    key = compile_expression(formula.partner, dialect)
    is_there = exp.Not(this=exp.Is(this=key, expression=exp.Null()))
    return exp.Case(ifs=[exp.If(this=is_there, true=tree)])


@lru_cache(maxsize=4096)
def _is_strict(text: str) -> bool:
    nodes = list(_parsed(text).walk())
    return any(isinstance(node, exp.Column) for node in nodes) and all(
        isinstance(node, _STRICT) or _is_divisor(node) for node in nodes
    )


def _is_divisor(node: exp.Expr) -> bool:
    return isinstance(node, exp.Nullif) and isinstance(node.expression, exp.Literal)


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
