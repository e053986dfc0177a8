"""Plan conditions → sqlglot predicates, every value a placeholder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Final, assert_never

from sqlglot import exp

from penstock.model.types import DataType
from penstock.plan.types import (
    Condition,
    Either,
    Every,
    Expression,
    FormulaOf,
    Inverse,
    Narrowing,
    Parameter,
    Scan,
    Tested,
)
from penstock.plan.uses import scans_of
from penstock.query.types import Operator
from penstock.query.words import TEXTS
from penstock.sql.dialects.standard import Dialect
from penstock.sql.expressions import write_column, write_expression
from penstock.sql.types import Edge, Listed, Marker, Pattern, Reading, Sought, Writing


@dataclass(slots=True)
class Markers:
    """Hands out one numbered placeholder per value, or per list.

    `guards` are what rows of a scan have to pass before anything is worked out of them, by alias.
    """

    dialect: Dialect
    guards: Mapping[str, Condition] = field(default_factory=dict)
    given: list[Marker | Listed | Sought] = field(default_factory=list)

    def mark(self, parameter: Parameter, reading: Reading = None) -> exp.Expr:
        self.given.append(Marker(parameter, reading))
        return self.dialect.placeholder(len(self.given), parameter.type)

    def mark_list(self, parameters: Sequence[Parameter], writing: Writing) -> exp.Expr:
        self.given.append(Listed(tuple(Marker(parameter) for parameter in parameters), writing))
        return self.dialect.placeholder(len(self.given), DataType.STRING)

    def mark_keys(self, narrowing: Narrowing, writing: Writing) -> exp.Expr:
        self.given.append(Sought(narrowing, writing))
        return self.dialect.placeholder(len(self.given), DataType.STRING)


_BINARY: Final = {
    Operator.EQ: exp.EQ,
    Operator.NOT_EQUAL: exp.NEQ,
    Operator.GT: exp.GT,
    Operator.GTE: exp.GTE,
    Operator.LT: exp.LT,
    Operator.LTE: exp.LTE,
}

_ORDERED: Final = frozenset(
    {Operator.GT, Operator.GTE, Operator.LT, Operator.LTE, Operator.BETWEEN}
)

_LITERAL_TEXT: Final = {
    Operator.CONTAINS: Pattern.ANYWHERE,
    Operator.STARTS_WITH: Pattern.START,
    Operator.ENDS_WITH: Pattern.END,
}


_NEGATED: Final = {
    Operator.NOT_IN: Operator.IN,
    Operator.NOT_LIKE: Operator.LIKE,
    Operator.NOT_BETWEEN: Operator.BETWEEN,
    Operator.IS_NOT_NULL: Operator.IS_NULL,
}


def compile_condition(condition: Condition, markers: Markers) -> exp.Expr:
    match condition:
        case Tested():
            return _tested(condition, markers)
        case Every(parts):
            return conjunction([compile_condition(part, markers) for part in parts])
        case Either(()):
            return exp.false()
        case Either(parts):
            return _joined(exp.Or, [compile_condition(part, markers) for part in parts])
        case Inverse(part):
            return exp.Not(this=exp.Paren(this=compile_condition(part, markers)))
        case unreachable:
            assert_never(unreachable)


def compile_within(scan: Scan, markers: Markers) -> list[exp.Expr]:
    """Return that a row has one of the keys which others find, for each that it has to have.

    Raises TypeError in a dialect that takes no lists.
    """
    if not scan.within:
        return []
    lists = markers.dialect.lists
    if lists is None:
        raise TypeError(markers.dialect.name)
    return [
        markers.dialect.in_list(
            write_column(scan.alias, key.column, markers.dialect),
            markers.mark_keys(key, lists.writing),
            key.type,
        )
        for key in scan.within
    ]


def conjunction(parts: Sequence[exp.Expr]) -> exp.Expr:
    return _joined(exp.And, parts)


def _joined(connector: type[exp.Connector], parts: Sequence[exp.Expr]) -> exp.Expr:
    wrapped = [exp.Paren(this=part) if isinstance(part, exp.Connector) else part for part in parts]
    return reduce(lambda left, right: connector(this=left, expression=right), wrapped)


def _tested(tested: Tested, markers: Markers) -> exp.Expr:
    operator, parameters = tested.operator, tested.parameters
    if operator in _NEGATED:
        positive = Tested(_NEGATED[operator], tested.expression, parameters, tested.with_null)
        return exp.Not(this=_tested(positive, markers))
    left = _seen(tested.expression, markers)
    if operator in TEXTS:
        return _matched(operator, left, parameters[0], markers)
    if operator in _ORDERED:
        left = markers.dialect.ordering(left, tested.expression.type)
    if operator in _BINARY:
        return _BINARY[operator](this=left, expression=markers.mark(parameters[0]))
    if operator is Operator.IS_NULL:
        return exp.Is(this=left, expression=exp.Null())
    if operator in {Operator.BETWEEN, Operator.DURING}:
        return _between(left, parameters, markers)
    return _listed(left, tested, markers)


def _seen(expression: Expression, markers: Markers) -> exp.Expr:
    """Return what is tested, worked out of rows that may be seen: of no other one it may fail.

    A database tests conditions in the order that it likes, and that a hidden row has no answer
    would tell that there is one.
    """
    tree = write_expression(expression, markers.dialect)
    if not markers.guards or not isinstance(expression, FormulaOf) or expression.aggregates:
        return tree
    guards = [guard for alias, guard in markers.guards.items() if alias in scans_of(expression)]
    if not guards:
        return tree
    free = replace(markers, guards={})
    may_be_seen = conjunction([compile_condition(guard, free) for guard in guards])
    return exp.Case(ifs=[exp.If(this=may_be_seen, true=tree)])


def _between(left: exp.Expr, parameters: Sequence[Parameter], markers: Markers) -> exp.Expr:
    """Return what two values, or one period of time, say of a third."""
    if len(parameters) > 1:
        low, high = (markers.mark(parameter) for parameter in parameters)
        return exp.Between(this=left, low=low, high=high)
    (period,) = parameters
    first = exp.GTE(this=left, expression=markers.mark(period, Edge.FIRST))
    after = exp.LT(this=_again(left), expression=markers.mark(period, Edge.AFTER))
    return exp.Paren(this=conjunction([first, after]))


def _again(tree: exp.Expr) -> exp.Expr:
    """Return the same tree for another place; of what is text already, sooner than by `copy`."""
    return exp.Var(this=tree.this) if isinstance(tree, exp.Var) else tree.copy()


def _matched(
    operator: Operator, left: exp.Expr, parameter: Parameter, markers: Markers
) -> exp.Expr:
    pattern = markers.mark(parameter, _LITERAL_TEXT.get(operator))
    if operator in _LITERAL_TEXT:
        return markers.dialect.literal_like(left, pattern)
    like = markers.dialect.ilike if operator is Operator.ILIKE else markers.dialect.like
    return like(left, pattern)


def _listed(left: exp.Expr, tested: Tested, markers: Markers) -> exp.Expr:
    """Return `in`: false for an empty list, and true for nulls only if asked."""
    if not tested.parameters:
        return exp.Is(this=left, expression=exp.Null()) if tested.with_null else exp.false()
    among = _among(left, tested.parameters, markers)
    if tested.with_null:
        null = exp.Is(this=_again(left), expression=exp.Null())
        return exp.Paren(this=exp.Or(this=among, expression=null))
    return among


def _among(left: exp.Expr, parameters: Sequence[Parameter], markers: Markers) -> exp.Expr:
    """Compare with values, of which there is one."""
    type_, lists = parameters[0].type, markers.dialect.lists
    if lists is not None and len(parameters) >= lists.shortest and type_ in lists.types:
        return markers.dialect.in_list(left, markers.mark_list(parameters, lists.writing), type_)
    values = [markers.mark(parameter) for parameter in parameters]
    # One value is compared with: databases look for it sooner than for a list of one.
    if len(values) == 1:
        return exp.EQ(this=left, expression=values[0])
    return exp.In(this=left, expressions=values)
