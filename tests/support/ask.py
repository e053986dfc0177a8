"""The stages of the core, run one after the other as the pipeline runs them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

import duckdb
import pyarrow as pa

from penstock.auth.principal import Principal
from penstock.errors import PenstockError
from penstock.model.types import Model
from penstock.plan.build import build_plan
from penstock.plan.types import Plan
from penstock.policy.permit import Gate
from penstock.policy.types import Policies
from penstock.query.parse import parse_query
from penstock.query.types import Json, Limits
from penstock.sql.bind import bind_values
from penstock.sql.compile import compile_plan
from penstock.sql.types import Statement

Row: TypeAlias = tuple[object, ...]

ANYBODY = Principal(subject="ada", kind="key")


@dataclass(frozen=True, slots=True)
class Answered:
    """A plan, its SQL, and how to count its rows where that was asked."""

    plan: Plan
    rows: Statement
    count: Statement | None


NOW = datetime(2013, 12, 31, 12, tzinfo=UTC)
"""The day that these tests are asked on."""


def answer(query: Mapping[str, Json], gate: Gate, who: Principal = ANYBODY) -> Answered:
    asked = parse_query(json.dumps(query).encode(), Limits())
    permitted = gate.permit(asked, who)
    plan = build_plan(permitted)
    compiled = compile_plan(plan, dialect="duckdb")
    guards = permitted.view.values
    count = compiled.count
    return Answered(
        plan,
        bind_values(compiled.rows, asked.values, guards, NOW),
        None if count is None else bind_values(count, asked.values, guards, NOW),
    )


def open_gate(model: Model, policies: Policies | None = None) -> Gate:
    return Gate(model, policies or Policies())


def read(connection: duckdb.DuckDBPyConnection, statement: Statement) -> pa.Table:
    """Run a statement the way the engine does."""
    relation = connection.sql(statement.text, params=list(statement.parameters))
    return relation.to_arrow_reader(10_000).read_all()


def run(connection: duckdb.DuckDBPyConnection, statement: Statement) -> list[Row]:
    return rows(read(connection, statement))


def rows(table: pa.Table) -> list[Row]:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def problems(ask: Callable[[], object]) -> tuple[PenstockError, ...]:
    """Return everything that a question is told to be wrong with it; nothing where it is right."""
    try:
        ask()
    except PenstockError as error:
        return error.parts
    return ()
