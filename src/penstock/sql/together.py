"""A page and its totals → one statement with grouping sets, where that is surely the same answer.

The totals come first and the page after them: so one limit is enough, nothing is ranked within its
set, and the few rows that are needed of many groups are found without sorting all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Final

from sqlglot import exp

from penstock.model.types import DataType
from penstock.plan.standing import standings
from penstock.plan.types import Plan, Sort
from penstock.sql.compile import aliased, completed, selected, template_of
from penstock.sql.conditions import Markers, compile_condition
from penstock.sql.dialects.standard import Dialect
from penstock.sql.expressions import ANSWER, column, compile_expression
from penstock.sql.types import Together, TotalSet

_SET: Final = "the set"
"""Names of a model hold no spaces, so no column is called this."""

_MOST_KEYS: Final = 30  # GROUPING gives a bit for each, in 32 with a sign

_PAGE: Final = 0

_ROOM: Final = 500
"""How many rows a total may have. With more of them, databases would sort all groups for the page;
then each is asked for by itself after all."""


def compile_together(plan: Plan, dialect: Dialect) -> Together | None:
    """Return what gives a page and its totals; None where each is asked for by itself.

    The last column says of each row what it belongs to: 0 for the page, or the number of a total.
    """
    if not _can_be_one(plan):
        return None
    measures = [compile_expression(measure.expression, dialect) for measure in plan.measures]
    if not dialect.totals_with_rows(measures, len(plan.totals)):
        return None
    markers = Markers(dialect)
    tree = selected(plan, (*plan.keys, *plan.measures), plan.where, markers)
    keys = [output.this for output in tree.expressions[: len(plan.keys)]]
    set_number = exp.Grouping(expressions=[key.copy() for key in keys])
    tree.select(aliased(set_number.copy(), _SET), copy=False)
    tree.set("group", exp.Group(grouping_sets=[_sets(plan)]))
    if plan.having is not None:
        tested = compile_condition(plan.having, markers)
        tree.set("having", exp.Having(this=exp.Or(this=_differs(set_number), expression=tested)))
    named = {output.alias: output.this for output in tree.expressions}
    _order(tree, plan, dialect, lambda name: named[name].copy())
    room = _room(plan)
    tree.set("limit", exp.Limit(expression=_limit(plan, markers, room)))
    if plan.labels:
        tree = completed(plan, tree, markers)
        tree.select(aliased(column(ANSWER, _SET), _SET), copy=False)
        _order(tree, plan, dialect, lambda name: column(ANSWER, name))
    types = (*(c.type for c in plan.columns), DataType.INTEGER)
    return Together(template_of(tree, markers, types), tuple(_total_sets(plan)), room)


def _can_be_one(plan: Plan) -> bool:
    """Whether one reading, grouped in several ways, gives exactly the page and all totals."""
    if not plan.totals or len(plan.keys) > _MOST_KEYS or plan.skip or not plan.limit:
        return False
    # The past is joined by the keys of each; several facts, and what stands at one moment of a
    # group, are grouped more than once.
    if plan.earlier or plan.parts or any(standings(plan)):
        return False
    labels = {label.name for label in plan.labels}
    if any(sort.name in labels for sort in plan.sorts):
        return False
    kept = [_kept(total.plan) for total in plan.totals]
    return len(set(kept)) == len(kept) and all(
        _reads_the_same(total.plan, plan) for total in plan.totals
    )


def _reads_the_same(total: Plan, plan: Plan) -> bool:
    """Whether a total is the groups of the plan by fewer keys; without a key it is one row."""
    return (
        len(total.keys) < len(plan.keys)
        and (total.scan, total.where, total.measures) == (plan.scan, plan.where, plan.measures)
        and all(join in plan.joins for join in total.joins)
        and total.having is None
        and total.limit is not None
    )


def _kept(total: Plan) -> frozenset[str]:
    return frozenset(key.name for key in total.keys)


def _sets(plan: Plan) -> exp.GroupingSets:
    places = {key.name: place for place, key in enumerate(plan.keys, 1)}
    sets = [plan.keys, *(total.plan.keys for total in plan.totals)]
    return exp.GroupingSets(
        expressions=[
            exp.Tuple(expressions=[exp.Literal.number(places[key.name]) for key in keys])
            for keys in sets
        ]
    )


def _total_sets(plan: Plan) -> Sequence[TotalSet]:
    places = {c.name: place for place, c in enumerate(plan.columns)}
    return [
        TotalSet(_number(plan, total.plan), tuple(places[c.name] for c in total.plan.columns))
        for total in plan.totals
    ]


def _number(plan: Plan, total: Plan) -> int:
    """Return what GROUPING says: a bit for each key that is not grouped by, the first one highest.

    A null among the keys of a group has none.
    """
    kept = _kept(total)
    return reduce(lambda bits, key: bits * 2 + (key.name not in kept), plan.keys, 0)


def _differs(set_number: exp.Expr) -> exp.Expr:
    return exp.NEQ(this=set_number.copy(), expression=exp.Literal.number(_PAGE))


def _order(tree: exp.Select, plan: Plan, dialect: Dialect, read: Callable[[str], exp.Expr]) -> None:
    """Put the totals first, by their keys, then the page as it was asked for."""
    names = [output.alias for output in tree.expressions]
    by_keys = tuple(Sort(key.name, descending=False) for key in plan.keys)
    ways = [dialect.ordered(names.index(_SET) + 1, descending=True)]
    for sort in _of_page_alone(plan.sorts, by_keys):
        is_page = exp.EQ(this=read(_SET), expression=exp.Literal.number(_PAGE))
        value = exp.Case(ifs=[exp.If(this=is_page, true=read(sort.name))])
        way = dialect.ordered(0, descending=sort.descending)
        way.set("this", value)
        ways.append(way)
    ways += [dialect.ordered(names.index(sort.name) + 1, descending=False) for sort in by_keys]
    tree.set("order", exp.Order(expressions=ways))


def _of_page_alone(sorts: Sequence[Sort], by_keys: Sequence[Sort]) -> Sequence[Sort]:
    """Return the sorts before those by keys that the totals have too."""
    for start in range(len(sorts) + 1):
        rest = tuple(sorts[start:])
        if rest == tuple(by_keys[: len(rest)]):
            return sorts[:start]
    return sorts


def _limit(plan: Plan, markers: Markers, room: int) -> exp.Expr:
    assert plan.limit is not None  # noqa: S101 - nothing else can be one
    return exp.Add(this=markers.mark(plan.limit), expression=exp.Literal.number(room))


def _room(plan: Plan) -> int:
    """Return how many rows of totals there is room for: one for each that keeps no key, or some."""
    return sum(_ROOM if total.plan.keys else 1 for total in plan.totals)
