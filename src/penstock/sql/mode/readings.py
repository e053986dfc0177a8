"""A reading of a table → the subquery that stands for it: what may be seen, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlglot import exp

from penstock.model.types import DataType, Table
from penstock.plan.fragments import reading
from penstock.plan.gather import gather_scan
from penstock.plan.scope import Scope as PlanScope
from penstock.plan.scope import Seat, attribute_of
from penstock.plan.types import ColumnOf, Expression, FormulaOf, Output, Scan
from penstock.sql.conditions import Markers, compile_condition
from penstock.sql.expressions import column, compile_expression, identifier
from penstock.sql.mode.draft import Draft
from penstock.sql.mode.types import Source

_PASSES = "row may be seen"
_INNER = "rows of a table"
"""Names of a model hold no spaces, so these are nobody's."""


def write_reading(source: Source, draft: Draft, markers: Markers) -> None:
    """Put the visible columns that are used, of the rows that pass the guard, where a table stood.

    Where something could fail at a value, rows that may not be seen are made null as well: an
    engine may look at the caller's conditions first, and an error would tell what a hidden row has.
    Of which engines nobody can say at what they fail, that is in any statement but a plain one.
    """
    table, view = source.table, draft.view
    assert table is not None  # noqa: S101 - only readings of tables are kept
    scan = PlanScope(table, view.model.tables, view.guards, {}).scan
    if draft.there is not None:
        scan = gather_scan(scan, draft.there)
    meant = {name: _meant(table, name, scan.alias) for name in sorted(source.used)}
    columns = [
        _named(compile_expression(expression, markers.dialect), name)
        for name, expression in meant.items()
    ] or [_named(exp.Literal.number(1), "one")]
    if draft.apart:
        part = _part(scan, meant.values(), draft)
        source.tree.set("this", _select(columns, _relation(part.source, scan.alias), None))
        return
    relation: exp.Expr = _relation(scan.source, scan.alias)
    if scan.guard is None:
        source.tree.set("this", _select(columns, relation, None))
        return
    guard = compile_condition(scan.guard, markers)
    is_safe = draft.is_plain or (markers.dialect.converts_safely and not draft.can_fail)
    if (is_safe or not meant) and all(isinstance(each, ColumnOf) for each in meant.values()):
        source.tree.set("this", _select(columns, relation, guard))
        return
    physical = sorted({each.column for every in meant.values() for each in _columns(every)})
    masked = _masked(physical, relation, guard, scan.alias)
    source.tree.set("this", _select(columns, masked, None))


def _part(scan: Scan, meant: Iterable[Expression], draft: Draft) -> Scan:
    """Have the rows that pass the guard come from their database, as they are in the columns used.

    Formulas are worked out when they are here: in a row that may not be seen, none is.
    """
    needed = sorted({(each.column, each.type) for every in meant for each in _columns(every)})
    outputs = [Output(name, ColumnOf(scan.alias, name, type_)) for name, type_ in needed]
    one = Output("one", FormulaOf("1", (), DataType.INTEGER))
    # No name of the caller's has a space: none hides a part.
    return draft.fragments.add(f"rows of {scan.alias}", reading(scan, outputs or (one,)))


def _masked(
    physical: Sequence[str], relation: exp.Expr, guard: exp.Expr, alias: str
) -> exp.Subquery:
    """Return the rows that pass the guard, in which those that do not would be nothing but null."""
    own = [_named(column(alias, name), name) for name in physical]
    inner = _select([*own, _named(exp.Paren(this=guard), _PASSES)], relation, None)
    passes = column(_INNER, _PASSES)
    seen = [
        _named(exp.Case(ifs=[exp.If(this=passes.copy(), true=column(_INNER, name))]), name)
        for name in physical
    ] or [_named(exp.Literal.number(1), "one")]
    around = exp.Subquery(this=inner, alias=exp.TableAlias(this=identifier(_INNER)))
    rows = _select(seen, around, passes)
    return exp.Subquery(this=rows, alias=exp.TableAlias(this=identifier(alias)))


def _columns(expression: Expression) -> Iterator[ColumnOf]:
    """Give the columns that an attribute is made of."""
    match expression:
        case ColumnOf():
            yield expression
        case FormulaOf(inputs=inputs):
            for _, each in inputs:
                yield from _columns(each)
        case _:
            return


def _meant(table: Table, name: str, alias: str) -> Expression:
    return attribute_of(table.attributes[name], table.attributes, Seat(alias))


def _select(columns: list[exp.Expr], relation: exp.Expr, where: exp.Expr | None) -> exp.Select:
    tree = exp.Select(expressions=columns, from_=exp.From(this=relation))
    if where is not None:
        tree.set("where", exp.Where(this=where))
    return tree


def _named(tree: exp.Expr, name: str) -> exp.Expr:
    return exp.Alias(this=tree, alias=identifier(name))


def _relation(source: tuple[str, ...], alias: str) -> exp.Table:
    parts = [identifier(part) for part in source]
    names = dict(zip(("this", "db", "catalog"), reversed(parts), strict=False))
    return exp.Table(**names, alias=exp.TableAlias(this=identifier(alias)))
