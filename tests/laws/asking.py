"""A query through the stages of the core, down to the statements that a database is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from penstock.auth.principal import Principal
from penstock.pipeline import InOne
from penstock.plan.build import build_plan
from penstock.plan.types import Plan
from penstock.policy.permit import Gate
from penstock.query.parse import parse_query
from penstock.query.types import Json, Limits
from penstock.sql.across import compile_across
from penstock.sql.bind import bind_values
from penstock.sql.types import Statement, Template
from support.ask import NOW


@dataclass(frozen=True)
class Asked:
    plan: Plan
    rows: Statement
    count: Statement | None
    totals: tuple[Statement, ...]
    together: InOne | None


def ask(query: Mapping[str, Json], gate: Gate, who: Principal) -> Asked:
    read = parse_query(json.dumps(query).encode(), Limits())
    permitted = gate.permit(read, who)
    plan = build_plan(permitted)
    compiled = compile_across(plan, {plan.database: "duckdb"})
    one = compiled.together

    def bind(template: Template) -> Statement:
        return bind_values(template, read.values, permitted.view.values, NOW)

    return Asked(
        plan,
        bind(compiled.rows),
        None if compiled.count is None else bind(compiled.count),
        tuple(bind(total) for total in compiled.totals),
        None if one is None else InOne(bind(one.template), one.totals, one.room),
    )
