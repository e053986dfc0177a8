"""A plan over several databases → a statement for each, and one that joins what they answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sqlglot import exp

from penstock.model.types import DataType
from penstock.plan.divide import databases_of, divide_plan
from penstock.plan.fragments import Fragment
from penstock.plan.types import Plan
from penstock.plan.whole import Whole
from penstock.sql.compile import (
    Compiled,
    compile_count,
    compile_groups,
    compile_plan,
    compile_rows,
)
from penstock.sql.dialects.find import find_dialect
from penstock.sql.dialects.standard import Dialect
from penstock.sql.expressions import column, identifier
from penstock.sql.together import compile_together
from penstock.sql.types import Bound, PartTemplate, Statement, Template, WholeTemplate

JOINING: Final = "duckdb"
"""The dialect of what joins the parts."""

_PART: Final = "part"


def compile_across(plan: Plan, dialects: Mapping[str, str]) -> Compiled:
    """Compile a plan; `dialects` says how each database speaks."""
    if len(_with_totals(plan)) == 1:
        dialect = dialects[plan.database]
        together = compile_together(plan, find_dialect(dialect))
        return replace(compile_plan(plan, dialect=dialect), together=together)
    return Compiled(
        rows=_compile_rows(plan, dialects),
        count=_compile_count(plan, dialects) if plan.hints else None,
        totals=tuple(_compile_rows(total.plan, dialects) for total in plan.totals),
    )


def _with_totals(plan: Plan) -> frozenset[str]:
    return databases_of(plan).union(*(databases_of(total.plan) for total in plan.totals))


def _compile_rows(plan: Plan, dialects: Mapping[str, str]) -> Template:
    if len(databases_of(plan)) == 1:
        return compile_rows(plan, find_dialect(dialects[plan.database]))
    divided = divide_plan(plan, _near(dialects))
    template = compile_rows(divided.plan, find_dialect(JOINING))
    whole = _compile_whole(divided.whole, dialects, compile_rows)
    return replace(template, parts=compile_parts(divided.fragments, dialects), whole=whole)


def _compile_count(plan: Plan, dialects: Mapping[str, str]) -> Template:
    # Neither the order nor what is looked up for the rows changes their number.
    plan = replace(plan, labels=(), earlier=(), sorts=(), limit=None, skip=None)
    if len(databases_of(plan)) == 1:
        return compile_count(plan, find_dialect(dialects[plan.database]))
    divided = divide_plan(plan, _near(dialects))
    template = compile_count(divided.plan, find_dialect(JOINING))
    whole = _compile_whole(divided.whole, dialects, compile_count)
    return replace(template, parts=compile_parts(divided.fragments, dialects), whole=whole)


def _compile_whole(
    whole: Whole | None, dialects: Mapping[str, str], make: Callable[[Plan, Dialect], Template]
) -> WholeTemplate | None:
    """Compile what one database may answer by itself, if it takes keys as one parameter."""
    if whole is None:
        return None
    database = whole.plan.database
    dialect = find_dialect(dialects[database])
    if dialect.lists is None or DataType.INTEGER not in dialect.lists.types:
        return None
    return WholeTemplate(database, whole.part, make(whole.plan, dialect))


def _near(dialects: Mapping[str, str]) -> frozenset[str]:
    return frozenset(name for name, dialect in dialects.items() if find_dialect(dialect).is_near)


def compile_parts(
    fragments: Sequence[Fragment], dialects: Mapping[str, str]
) -> tuple[PartTemplate, ...]:
    """Compile what each database is asked for, in its own words."""
    made = []
    for fragment in fragments:
        dialect = find_dialect(dialects[fragment.plan.database])
        compile_part = compile_groups if fragment.partial else compile_rows
        made.append(PartTemplate(fragment, compile_part(fragment.plan, dialect)))
    return tuple(made)


def longest_list(dialect: str) -> int:
    """Return how many values of a list a database compares sooner than it sends the other rows."""
    return find_dialect(dialect).keys


def narrow_statement(
    statement: Statement,
    key: tuple[str, DataType],
    values: Sequence[Bound],
    *,
    dialect: str,
) -> Statement:
    """Keep of what a statement gives the rows with one of these values in a column."""
    (name, type_), tongue = key, find_dialect(dialect)
    given = len(statement.parameters)
    among: exp.Expr = exp.false()
    if values:
        among, values = tongue.among(column(_PART, name), type_, values, given + 1)
    # The statement is written already: as it is, it stands in the tree of the other.
    inner = exp.Table(
        this=exp.Var(this=f"({statement.text})"), alias=exp.TableAlias(this=identifier(_PART))
    )
    tree = exp.Select(
        expressions=[exp.Star()], from_=exp.From(this=inner), where=exp.Where(this=among)
    )
    text, order = tongue.write(tree)
    filled = values if order is None else [values[number - given - 1] for number in order]
    return replace(statement, text=text, parameters=(*statement.parameters, *filled))
