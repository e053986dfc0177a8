"""Question → why this table, how, and in which SQL: for those who own the project."""

from __future__ import annotations

import msgspec

from penstock.pipeline import Question
from penstock.plan.types import Plan
from penstock.sql.pretty import pretty_sql


class CandidateLine(msgspec.Struct):
    table: str
    rows: int | None
    verdict: str


class Step(msgspec.Struct):
    step: str
    what: str


class Explanation(msgspec.Struct):
    """`values[i]` fills the placeholder numbered i + 1 of `sql`."""

    database: str
    table: str
    candidates: list[CandidateLine]
    plan: list[Step]
    sql: str
    values: list[str]
    warning: str | None


def explain_question(question: Question, dialect: str) -> Explanation:
    plan = question.plan
    return Explanation(
        database=plan.database,
        table=plan.table,
        candidates=[CandidateLine(c.table, c.rows, c.verdict) for c in plan.candidates],
        plan=_steps(plan),
        sql=pretty_sql(question.rows.text, dialect),
        values=[repr(value) for value in question.rows.parameters],
        warning=plan.warning,
    )


def _steps(plan: Plan) -> list[Step]:
    steps = [Step("scan", ".".join(plan.scan.source))]
    if plan.scan.guard is not None:
        steps.append(Step("guard", "only the rows that the caller's roles allow"))
    steps += [Step("join", f"{'.'.join(j.scan.source)} as {j.scan.alias}") for j in plan.joins]
    if plan.where is not None:
        steps.append(Step("filter", "rows, as asked"))
    if plan.grouped:
        steps.append(Step("group", ", ".join(key.name for key in plan.keys) or "all rows together"))
    if plan.having is not None:
        steps.append(Step("filter", "groups, as asked"))
    columns = ", ".join(column.name for column in plan.columns)
    steps.append(Step("select distinct" if plan.distinct else "select", columns))
    steps += [Step("label", f"{x.key} from {'.'.join(x.scan.source)}") for x in plan.labels]
    if plan.sorts:
        ways = (f"{sort.name} {'desc' if sort.descending else 'asc'}" for sort in plan.sorts)
        steps.append(Step("order", ", ".join(ways)))
    return steps
