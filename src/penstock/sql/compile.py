"""Plan → sqlglot tree → text and markers. SQL becomes a string on the last line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from typing import Final

from sqlglot import exp

from penstock.model.types import DataType
from penstock.plan.early import group_early
from penstock.plan.groups import share_groups
from penstock.plan.standing import with_moments
from penstock.plan.types import Condition, Join, KeyOf, Label, Output, Plan, Scan
from penstock.sql.conditions import Markers, compile_condition, compile_within, conjunction
from penstock.sql.dialects.find import find_dialect
from penstock.sql.dialects.standard import Dialect
from penstock.sql.expressions import (
    ANSWER,
    column,
    compile_expression,
    identifier,
    write_column,
    write_expression,
)
from penstock.sql.nesting import nest_joins
from penstock.sql.types import Template, Together

_GROUPS: Final = "the groups"


@dataclass(frozen=True, slots=True)
class Compiled:
    """The rows, their number without skip and limit where that was asked, and the totals.

    Where one statement may give the rows and the totals, it is `together`.
    """

    rows: Template
    count: Template | None
    totals: tuple[Template, ...] = ()
    together: Together | None = None


def compile_plan(plan: Plan, *, dialect: str) -> Compiled:
    tongue = find_dialect(dialect)
    return Compiled(
        rows=compile_rows(plan, tongue),
        count=compile_count(plan, tongue) if plan.hints else None,
        totals=tuple(compile_rows(total.plan, tongue) for total in plan.totals),
    )


def compile_rows(plan: Plan, dialect: Dialect) -> Template:
    plan, markers = group_early(with_moments(plan)), Markers(dialect)
    tree = _rows(plan, markers)
    return template_of(tree, markers, tuple(column.type for column in plan.columns))


def compile_groups(plan: Plan, dialect: Dialect) -> Template:
    """Compile the groups that there are: where nothing is grouped by, none if there is no row."""
    markers = Markers(dialect)
    tree = selected(plan, (*plan.keys, *plan.measures), plan.where, markers, past=True)
    return template_of(tree, markers, tuple(column.type for column in plan.columns))


def compile_count(plan: Plan, dialect: Dialect) -> Template:
    plan, markers = group_early(with_moments(plan)), Markers(dialect)
    return template_of(_counted(plan, markers), markers, (DataType.INTEGER,))


def template_of(tree: exp.Expr, markers: Markers, types: tuple[DataType, ...]) -> Template:
    text, order = markers.dialect.write(tree)
    given = markers.given
    filled = given if order is None else [given[number - 1] for number in order]
    return Template(text, tuple(filled), types)


def _rows(plan: Plan, markers: Markers) -> exp.Select:
    shared = share_groups(plan, name=_GROUPS, alias=ANSWER)
    if shared is not None:
        groups = selected(plan, shared.outputs, plan.where, markers)
        tree = _rows(shared.plan, markers)
        tree.set("with_", exp.With(expressions=[exp.CTE(this=groups, alias=_alias(_GROUPS))]))
        return tree
    tree = _answer(plan, markers)
    if not plan.labels and not plan.earlier:
        return _paged(plan, _sorted(plan, tree, markers), markers)
    if any(sort.name in {label.name for label in plan.labels} for sort in plan.sorts):
        return _paged(plan, _sorted(plan, completed(plan, tree, markers), markers), markers)
    # The page is cut first: fewer rows to complete, and a join would shuffle those without order.
    page = _paged(plan, _sorted(plan, tree, markers), markers)
    return _sorted(plan, completed(plan, page, markers), markers)


def _sorted(plan: Plan, tree: exp.Select, markers: Markers) -> exp.Select:
    if plan.sorts:
        names = [output.alias for output in tree.expressions]
        ways = [
            markers.dialect.ordered(names.index(sort.name) + 1, descending=sort.descending)
            for sort in plan.sorts
        ]
        tree.set("order", exp.Order(expressions=ways))
    return tree


def _paged(plan: Plan, tree: exp.Select, markers: Markers) -> exp.Select:
    if plan.limit is not None:
        tree.set("limit", exp.Limit(expression=markers.mark(plan.limit)))
    if plan.skip is not None:
        tree.set("offset", exp.Offset(expression=markers.mark(plan.skip)))
    return tree


def _counted(plan: Plan, markers: Markers) -> exp.Select:
    inner = exp.Subquery(this=_answer(plan, markers), alias=_alias(ANSWER))
    return exp.Select(
        expressions=[aliased(exp.Count(this=exp.Star()), "rows")], from_=exp.From(this=inner)
    )


def _answer(plan: Plan, markers: Markers) -> exp.Select:
    """Return the rows or groups, without what is looked up for them, order, limit and skip."""
    tree = selected(plan, (*plan.keys, *plan.measures), plan.where, markers)
    having = _tested(plan.having, markers)
    if having:
        tree.set("having", exp.Having(this=conjunction(having)))
    if plan.distinct:
        tree.set("distinct", exp.Distinct())
    return tree


def selected(
    plan: Plan,
    outputs: Sequence[Output],
    condition: Condition | None,
    markers: Markers,
    *,
    past: bool = False,
) -> exp.Select:
    read, joins = _source(plan, markers, past=past)
    tree = exp.Select(
        expressions=[_output(output, plan, markers.dialect) for output in outputs],
        from_=exp.From(this=read),
        joins=joins,
    )
    tested = [
        *_tested(plan.scan.guard, markers),
        *_tested(condition, replace(markers, guards=_guards(plan))),
        *compile_within(plan.scan, markers),
    ]
    if tested:
        tree.set("where", exp.Where(this=conjunction(tested)))
    if plan.grouped and plan.keys:
        ordinals = [exp.Literal.number(i) for i, _ in enumerate(plan.keys, 1)]
        tree.set("group", exp.Group(expressions=ordinals))
    elif past and plan.grouped:
        # All rows together are a group even where there is no row.
        some = exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(0))
        tree.set("having", exp.Having(this=some))
    return tree


def _source(plan: Plan, markers: Markers, *, past: bool) -> tuple[exp.Expr, Sequence[exp.Join]]:
    """Return what is read and joined; joins with nobody's values in them are the same text."""
    if plan.joins and not plan.parts and all(join.scan.guard is None for join in plan.joins):
        return exp.Var(this=_joined(plan.scan, plan.joins, markers.dialect)), ()
    return _read(plan, markers, past=past), _joins(plan.joins, markers)


def _read(plan: Plan, markers: Markers, *, past: bool) -> exp.Table | exp.Subquery:
    """Return the table to read or, of several facts, the groups of each below those of another."""
    if not plan.parts:
        return _table(plan.scan)
    groups: list[exp.Query] = [
        selected(part, (*part.keys, *part.measures), part.where, markers, past=past)
        for part in plan.parts
    ]
    tree = reduce(
        lambda above, below: exp.Union(this=above, expression=below, distinct=False), groups
    )
    return exp.Subquery(this=tree, alias=_alias(plan.scan.alias))


def completed(plan: Plan, inner: exp.Select, markers: Markers) -> exp.Select:
    """Complete the rows of the answer, once they are few: with labels, and how it was before."""
    dialect = markers.dialect
    found = {
        label.name: dialect.ordering(write_expression(label.value, dialect), label.value.type)
        for label in plan.labels
    }
    for period, earlier in enumerate(plan.earlier, 1):
        found |= {m.name: write_column(_before(period), m.name, dialect) for m in earlier.measures}
    return exp.Select(
        expressions=[
            aliased(found.get(c.name) or write_column(ANSWER, c.name, dialect), c.name)
            for c in plan.columns
        ],
        from_=exp.From(this=exp.Subquery(this=inner, alias=_alias(ANSWER))),
        joins=[
            *(_label_join(label, markers) for label in plan.labels),
            *(_earlier_join(plan, period, markers) for period in range(1, len(plan.earlier) + 1)),
        ],
    )


def _before(period: int) -> str:
    return f"{period} before"


def _earlier_join(plan: Plan, period: int, markers: Markers) -> exp.Join:
    """Join the same groups as they were: each row of the answer meets one of them, or none."""
    earlier, alias, dialect = plan.earlier[period - 1], _before(period), markers.dialect
    is_alike = earlier.parts == plan.parts
    then = earlier.instead or (plan if is_alike else replace(plan, parts=earlier.parts))
    outputs = (*then.keys, *earlier.measures)
    tree = selected(then, outputs, earlier.where, markers, past=True)
    on = [_matched(match, alias, dialect) for match in earlier.matches]
    one = exp.Literal.number(1)
    return exp.Join(
        this=exp.Subquery(this=tree, alias=_alias(alias)),
        side="LEFT",
        on=conjunction(on or [exp.EQ(this=one, expression=one.copy())]),
    )


def _matched(match: Output, alias: str, dialect: Dialect) -> exp.Expr:
    then, now = column(alias, match.name), compile_expression(match.expression, dialect)
    if isinstance(match.expression, KeyOf):
        return dialect.same(now, then)
    # No time has none before it; and an equality is what every database joins by well.
    return exp.EQ(this=now, expression=then)


def _label_join(label: Label, markers: Markers) -> exp.Join:
    key = label.key_column
    on = [
        exp.EQ(this=column(ANSWER, label.key), expression=compile_expression(key, markers.dialect))
    ]
    return _left_join(label.scan, on, markers)


def _guards(plan: Plan) -> dict[str, Condition]:
    scans = (plan.scan, *(join.scan for join in plan.joins))
    return {scan.alias: scan.guard for scan in scans if scan.guard is not None}


def _tested(condition: Condition | None, markers: Markers) -> list[exp.Expr]:
    return [] if condition is None else [compile_condition(condition, markers)]


@lru_cache(maxsize=1024)
def _joined(scan: Scan, joins: tuple[Join, ...], dialect: Dialect) -> str:
    """Return a table and what is joined to it as text.

    A question with totals and periods before reads it nine times, and others do after it: with six
    joins, building and writing all of them anew was a third of the time.
    """
    tables = exp.Table(**_table(scan).args)
    tables.set("joins", _joins(joins, Markers(dialect)))
    return dialect.write(tables).text


def _joins(joins: Sequence[Join], markers: Markers) -> list[exp.Join]:
    trees = [_join(join, markers) for join in joins]
    return nest_joins(joins, trees) if markers.dialect.nests_joins else trees


def _join(join: Join, markers: Markers) -> exp.Join:
    on = [
        exp.EQ(
            this=compile_expression(own, markers.dialect),
            expression=compile_expression(other, markers.dialect),
        )
        for own, other in join.keys
    ]
    if join.each:
        return exp.Join(this=_table(join.scan), kind="INNER", on=conjunction(on))
    return _left_join(join.scan, on, markers)


def _left_join(scan: Scan, on: list[exp.EQ], markers: Markers) -> exp.Join:
    """Join the rows that pass the guard: the others leave nulls, as if they did not exist."""
    guard = []
    if scan.guard is not None:
        guard.append(markers.dialect.partner(compile_condition(scan.guard, markers)))
    return exp.Join(this=_table(scan), side="LEFT", on=conjunction([*on, *guard]))


def _table(scan: Scan) -> exp.Table:
    parts = [identifier(part) for part in scan.source]
    names = dict(zip(("this", "db", "catalog"), reversed(parts), strict=False))
    return exp.Table(**names, alias=_alias(scan.alias))


def _alias(name: str) -> exp.TableAlias:
    return exp.TableAlias(this=identifier(name))


def _output(output: Output, plan: Plan, dialect: Dialect) -> exp.Expr:
    tree = write_expression(output.expression, dialect)
    if any(sort.name == output.name for sort in plan.sorts):
        tree = dialect.ordering(tree, output.expression.type)
    return aliased(tree, output.name)


def aliased(tree: exp.Expr, name: str) -> exp.Expr:
    return exp.Alias(this=tree, alias=identifier(name))
