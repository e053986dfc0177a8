"""SQL of a caller's → SQL of the engine's, over what the caller may see and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlglot import exp

from penstock.errors import (
    LimitError,
    NoTableError,
    PenstockError,
    SQLSyntaxError,
    UnknownColumnError,
    raise_all,
    suggestion,
)
from penstock.model.types import DataType
from penstock.plan.gather import Gathering
from penstock.plan.types import Column, Parameter, Role
from penstock.policy.types import View
from penstock.query.sql import SQLQuery
from penstock.query.types import Limits, Slot
from penstock.sql.across import compile_parts
from penstock.sql.conditions import Markers
from penstock.sql.mode.draft import Draft, beside, is_pending, read_pending
from penstock.sql.mode.plain import is_plain
from penstock.sql.mode.queries import Queries
from penstock.sql.mode.read import read_statement
from penstock.sql.mode.readings import write_reading
from penstock.sql.mode.sums import settle_aggregates
from penstock.sql.mode.tongues import find_tongue
from penstock.sql.mode.types import Limit, Named, Result, Translated, type_from_sql, type_to_sql
from penstock.sql.mode.unsaid import refuse_unsaid
from penstock.sql.types import Template


def translate_sql(
    query: SQLQuery,
    view: View,
    limits: Limits,
    dialects: Mapping[str, str],
    gathering: Gathering | None = None,
) -> Translated:
    """Return the engine's SQL for every question of this shape by callers of this view.

    `dialects` says how each database speaks; what needs several of them is left to the engine of
    `gathering` where that has them all. The policy is inside: each reading of a table is a subquery
    of the columns and rows that the view has. Raises QueryError and its kinds.
    """
    tongue = find_tongue(query.dialect)
    draft = Draft(query, view, limits, dialects, tongue)
    _check_database(query, view)
    try:
        result = _read(draft)
        if draft.apart:
            # What was read before that was known is in the words of one of them.
            holds = gathering is not None and gathering.joins(draft.databases)
            there = gathering if holds else None
            draft = Draft(query, view, limits, dialects, tongue, apart=there is None, there=there)
            result = _read(draft)
        return _finish(draft, result)
    except RecursionError as error:
        raise LimitError("The SQL nests too deep.", pointer="/sql") from error


def _read(draft: Draft) -> Result:
    result = Queries(draft).read(read_statement(draft.query.text, draft.tongue), None, {})
    for named in result.columns:
        if named.type is not None and named.type.this in _NO_VALUES:
            said = f"The column {named.name!r} is no value of the language."
            hint = "Select a number, a text, a time or true and false."
            draft.problems.append(SQLSyntaxError(said, hint=hint, pointer="/sql"))
    _raise(draft)
    return result


_NO_VALUES: Final = frozenset({exp.DType.INTERVAL, exp.DType.STRUCT, exp.DType.ARRAY})


def _check_database(query: SQLQuery, view: View) -> None:
    databases = {table.database for table in view.model.tables.values()}
    name = query.database_name
    if name is not None and name not in databases:
        raise NoTableError(
            f"There is no database {name!r}.",
            hint=suggestion(name, tuple(databases)) or "GET /dataset lists the databases.",
            pointer="/database_name",
        )


def _raise(draft: Draft) -> None:
    """Raise what is wrong; columns of what is not there are not worth a word."""
    problems: list[PenstockError] = draft.problems
    if draft.blind:
        problems = [p for p in problems if not isinstance(p, UnknownColumnError | SQLSyntaxError)]
    raise_all(problems)


def _finish(draft: Draft, result: Result) -> Translated:
    if draft.database is None:
        named = draft.query.database_name
        draft.database = named or next(iter(sorted(draft.dialects)), None)
    tree, own = _limited(result.tree)
    if draft.ctes:
        tree.set("with_", exp.With(expressions=draft.ctes))
    draft.is_plain = is_plain(tree)
    tree = settle_aggregates(tree, draft.dialect)
    markers = Markers(draft.dialect)
    for source in draft.readings:
        write_reading(source, draft, markers)
    count = sum(len(argument.slots) for argument in draft.query.arguments)
    last = count + len(draft.constants)
    tree.set("limit", exp.Limit(expression=_limit(markers, last)))
    _fill(tree, markers)
    columns = _columns(result)
    return Translated(
        template=_write(tree, markers, result, draft),
        constants=tuple(draft.constants),
        columns=columns,
        tables=tuple(dict.fromkeys(s.table.name for s in draft.readings if s.table is not None)),
        database=draft.database,
        own_limit=_own(own, draft, count),
    )


def _limited(tree: exp.Query) -> tuple[exp.Query, exp.Expr | None]:
    """Take the LIMIT off: another will be put on, of which this one is a part."""
    limit = tree.args.get("limit")
    if limit is None:
        return tree, None
    tree.set("limit", None)
    return tree, limit.expression


def _own(limit: exp.Expr | None, draft: Draft, count: int) -> Limit | None:
    if limit is None:
        return None
    slot, _ = read_pending(limit)
    if slot < count:
        return Limit(None, slot)
    rows = draft.constants[slot - count]
    return Limit(rows if isinstance(rows, int) else 0, None)


def _limit(markers: Markers, slot: int) -> exp.Expr:
    return markers.mark(Parameter(Slot(slot, guard=False), DataType.INTEGER, "limit", "/limit"))


def _fill(tree: exp.Expr, markers: Markers) -> None:
    """Put the engine's placeholders where values are still to come; equal ones share one."""
    made: dict[str, exp.Expr] = {}

    def fill(value: object) -> object:
        if not isinstance(value, exp.Expr) or not is_pending(value):
            return value
        if value.name not in made:
            parameter = _parameter(value)
            made[value.name] = markers.mark(parameter)
            made[value.name].type = type_to_sql(parameter.type)
        return made[value.name].copy()

    holders = [node for node in tree.walk() if any(map(is_pending, node.iter_expressions()))]
    for node in holders:
        # Whole lists at once: to put one member of a long one in its place takes its time.
        for key, value in list(node.args.items()):
            is_list = isinstance(value, list)
            node.set(key, [fill(each) for each in value] if is_list else fill(value))


def _parameter(node: exp.Expr) -> Parameter:
    slot, type_ = read_pending(node)
    known = DataType.STRING if type_ is None else type_
    return Parameter(Slot(slot, guard=False), known, beside(node), "/sql")


def _columns(result: Result) -> tuple[Column, ...]:
    taken = set[str]()
    return tuple(_column(named, taken) for named in result.columns)


def _type(named: Named) -> DataType | None:
    return DataType.DECIMAL if named.is_exact else type_from_sql(named.type)


def _column(named: Named, taken: set[str]) -> Column:
    """Describe a column of the answer; to most readers, capitals do not tell columns apart."""
    name, number = named.name, 1
    while name.lower() in taken:
        number += 1
        name = f"{named.name}_{number}"
    taken.add(name.lower())
    type_ = _type(named) or DataType.STRING
    role = Role.MEASURE if named.is_measure else Role.SCALE
    return Column(name=name, type=type_, role=role, attribute=named.attribute or name)


def _write(tree: exp.Query, markers: Markers, result: Result, draft: Draft) -> Template:
    draft.dialect.prepare(tree)
    refuse_unsaid(tree, draft)
    text, order = markers.dialect.write(tree)
    given = markers.given
    filled = given if order is None else [given[number - 1] for number in order]
    types = [_type(named) for named in result.columns]
    known = tuple(type_ for type_ in types if type_ is not None)
    parts = compile_parts(draft.fragments.all(keep=True), draft.dialects)
    return Template(text, tuple(filled), known if len(known) == len(types) else (), parts)
