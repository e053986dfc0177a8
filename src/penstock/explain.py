"""Question → why this table, how, and in which SQL: for those who own the project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from penstock.model.types import Model
from penstock.pipeline import Question
from penstock.plan.atlas import Several, atlas
from penstock.plan.choose import references
from penstock.plan.pushed import describe
from penstock.plan.standing import describe_standings
from penstock.plan.types import Candidate, Join, Plan, Scan
from penstock.policy.types import View
from penstock.query.types import Query
from penstock.sql.across import JOINING
from penstock.sql.pretty import pretty_sql
from penstock.sql.types import Statement, WholeStatement
from penstock.sql_question import SQLPlan, SQLQuestion


class CandidateLine(msgspec.Struct):
    table: str
    rows: int | None
    verdict: str


class Step(msgspec.Struct):
    step: str
    what: str


class Further(msgspec.Struct):
    """A statement beside the one that gives the rows: their number, a total."""

    name: str
    sql: str
    values: list[str]


class PartLine(msgspec.Struct):
    """What one database is asked for, of a question to several; `sql` joins them by their names.

    `rows` are those of the table that it starts with, None while they are not counted.
    """

    name: str
    database: str
    rows: int | None
    pushed: list[str]
    sql: str
    values: list[str]


class Explanation(msgspec.Struct):
    """`values[i]` fills the placeholder numbered i + 1 of `sql`.

    `parts` are read before, each from its own database, where the question is to several.
    """

    database: str
    table: str
    candidates: list[CandidateLine]
    plan: list[Step]
    sql: str
    values: list[str]
    further: list[Further]
    warning: str | None
    parts: list[PartLine] = []


def explain_question(question: Question, view: View, dialects: Mapping[str, str]) -> Explanation:
    """Say how a question is answered. `view` is the world of whoever asks it.

    `dialects` says how each database speaks.
    """
    plan = question.plan
    dialect = _dialect(question.rows, plan, dialects)
    return Explanation(
        database=plan.database,
        table=plan.table,
        candidates=[
            *(CandidateLine(c.table, c.rows, c.verdict) for c in plan.candidates),
            *_passed_over(plan.candidates, view.model),
        ],
        plan=[*_steps(plan, view)],
        sql=pretty_sql(question.rows.text, dialect),
        values=_values(question.rows),
        further=[*_further(question, dialects)],
        warning=plan.warning,
        parts=_parts(question.rows, dialects),
    )


def _dialect(statement: Statement, plan: Plan | SQLPlan, dialects: Mapping[str, str]) -> str:
    return JOINING if statement.parts else dialects[plan.database]


def _parts(statement: Statement, dialects: Mapping[str, str]) -> list[PartLine]:
    return [
        PartLine(
            name=part.fragment.name,
            database=(database := part.fragment.plan.database),
            rows=part.fragment.plan.scan.rows,
            pushed=[*describe(part.fragment)],
            sql=pretty_sql(part.statement.text, dialects[database]),
            values=_values(part.statement),
        )
        for part in statement.parts
    ]


def explain_refusal(query: Query, view: View) -> list[CandidateLine]:
    """Say of each table why it cannot answer, or that it could."""
    names, seen = references(query), atlas(view.model)
    lines = []
    for table in view.model.tables.values():
        meanings = {name: seen.resolve(name, table.name) for name in names}
        missing = [n for n, meaning in meanings.items() if meaning is None]
        several = [n for n, meaning in meanings.items() if isinstance(meaning, Several)]
        verdict = "has all of these names"
        if missing:
            verdict = f"has no {', '.join(missing)}"
        elif several:
            verdict = f"reaches {', '.join(several)} in several ways"
        elif not table.queryable:
            verdict = _ONLY_JOINED
        lines.append(CandidateLine(table.name, table.rows, verdict))
    return lines


_ONLY_JOINED = "is only joined to: `queryable: false`"


def _passed_over(candidates: Iterable[Candidate], model: Model) -> Iterator[CandidateLine]:
    """Yield the tables that nobody asked whether they can answer."""
    considered = {candidate.table for candidate in candidates}
    for table in model.tables.values():
        if table.name not in considered:
            other = "is not the table or database that the query names"
            yield CandidateLine(table.name, table.rows, other if table.queryable else _ONLY_JOINED)


def explain_sql(question: SQLQuestion, dialects: Mapping[str, str]) -> Explanation:
    """Say what became of SQL: each table is a subquery of the rows and columns that may be seen."""
    plan = question.plan
    return Explanation(
        database=plan.database,
        table=plan.table,
        candidates=[],
        plan=[],
        sql=pretty_sql(question.rows.text, _dialect(question.rows, plan, dialects)),
        values=_values(question.rows),
        further=[],
        warning=plan.warning,
        parts=_parts(question.rows, dialects),
    )


def _steps(plan: Plan, view: View) -> Iterator[Step]:
    yield from _reading(plan, view)
    if plan.parts:
        yield Step("put together", f"the facts, by {_keys(plan)}")
    yield from _on_groups(plan)
    for label in plan.labels:
        yield Step("label", f"{label.key} from {'.'.join(label.scan.source)}")
        yield from _guards(label.scan, view)
    if plan.sorts:
        ways = (f"{sort.name} {'desc' if sort.descending else 'asc'}" for sort in plan.sorts)
        yield Step("order", ", ".join(ways))


def _reading(plan: Plan, view: View) -> Iterator[Step]:
    if plan.parts:
        for part in plan.parts:
            yield from _reading(part, view)
        return
    yield Step("scan", ".".join(plan.scan.source))
    yield from _guards(plan.scan, view)
    for join in plan.joins:
        elsewhere = join.scan.database != plan.scan.database
        where = f", in {join.scan.database}" if elsewhere else ""
        yield Step("join", f"{_joined(join)}{where}")
        yield from _guards(join.scan, view)
    if plan.where is not None:
        yield Step("filter", "rows, as asked")
    if plan.grouped:
        yield Step("group", ", ".join(key.name for key in plan.keys) or "all rows together")
    for said in describe_standings(plan):
        yield Step("semi-additive", said)


def _on_groups(plan: Plan) -> Iterator[Step]:
    if plan.having is not None:
        yield Step("filter", "groups, as asked")
    for back, _ in enumerate(plan.earlier, 1):
        yield Step("look back", f"{back} × the period, joined on {_keys(plan)}")
    columns = ", ".join(column.name for column in plan.columns)
    yield Step("select distinct" if plan.distinct else "select", columns)
    for total in plan.totals:
        yield Step("total", f"{total.name}: by {_keys(total.plan)}")


def _keys(plan: Plan) -> str:
    return ", ".join(key.name for key in plan.keys) or "nothing: one row"


def _joined(join: Join) -> str:
    """Say how a table is joined; its alias is the path of relationships that leads to it."""
    pairs = (f"{a.scan}.{a.column} = {b.scan}.{b.column}" for a, b in join.keys)
    return f"{'.'.join(join.scan.source)} as {join.scan.alias} on {' and '.join(pairs)}"


def _guards(scan: Scan, view: View) -> Iterator[Step]:
    """Name the roles whose row filters narrow the reading of a table."""
    if scan.guard is None:
        return
    roles = sorted(
        {
            role
            for name, guard in view.guards.items()
            if (table := view.model.tables.get(name)) is not None
            # A query engine has put the name of its catalog before that of the table.
            and table.source == scan.source[-len(table.source) :]
            and (table.database == scan.database or len(scan.source) > len(table.source))
            for role in guard.roles
        }
    )
    said = f"{'role' if len(roles) == 1 else 'roles'} {' or '.join(roles)}"
    yield Step("guard", f"{scan.alias}: only the rows that the {said} may see")


def _further(question: Question, dialects: Mapping[str, str]) -> Iterator[Further]:
    if question.count is not None:
        count = question.count
        text = pretty_sql(count.text, _dialect(count, question.plan, dialects))
        yield Further("number of rows", text, _values(count))
    whole = question.rows.whole
    if whole is not None:
        found = " and ".join(_sought(whole))
        name = f"instead of all parts but these, once they say: {found}"
        text = pretty_sql(whole.statement.text, dialects[whole.database])
        yield Further(name, text, _values(whole.statement))
    if question.together is not None:
        statement = question.together.statement
        text = pretty_sql(statement.text, _dialect(statement, question.plan, dialects))
        named = ", ".join(total.name for total in question.plan.totals)
        yield Further(f"rows and totals in one: {named}", text, _values(statement))
    for total, statement in zip(question.plan.totals, question.totals, strict=True):
        text = pretty_sql(statement.text, _dialect(statement, total.plan, dialects))
        yield Further(f"total {total.name}", text, _values(statement))


def _sought(whole: WholeStatement) -> Iterator[str]:
    for key in (sought.narrowing for sought in whole.sought if sought is not None):
        yield f"no more than {key.most} {key.other} of {key.by!r}"


def _values(statement: Statement) -> list[str]:
    return [repr(value) for value in statement.parameters]
