"""A question of the language or a statement → rows, through the whole core and one engine."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

import pyarrow as pa

from contract.types import Sample
from penstock.auth.principal import Principal
from penstock.engine.types import Engine
from penstock.model.types import Attribute, Column, DataType, Formula, Model, Table
from penstock.plan.build import build_plan
from penstock.policy.permit import Gate
from penstock.policy.types import Policies
from penstock.query.parse import parse_query
from penstock.query.sql import read_sql
from penstock.query.types import Json, Limits
from penstock.sql.bind import bind_values
from penstock.sql.compile import compile_plan
from penstock.sql.formula import analyse_formula
from penstock.sql.mode.translate import translate_sql
from penstock.sql.types import Bound, Statement

Row: TypeAlias = tuple[object, ...]

NOW = datetime(2013, 12, 31, 12, tzinfo=UTC)
"""The day that the contract is asked on."""

_WHO = Principal(subject="ada", kind="key")


def read(engine: Engine, statement: Statement, *, timeout: float = 60) -> pa.Table:
    running = engine.run(statement, timeout=timeout)
    try:
        return pa.Table.from_batches(list(running), schema=running.schema)
    finally:
        running.close()


def rows(table: pa.Table) -> list[Row]:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def run(engine: Engine, text: str, *parameters: Bound, types: Sequence[DataType] = ()) -> list[Row]:
    return rows(read(engine, Statement(text, parameters, tuple(types))))


def _gate(sample: Sample, formulas: Mapping[str, tuple[str, DataType]] | None = None) -> Gate:
    attributes = {n: Attribute(name=n, type=t, source=Column(n)) for n, t in sample.columns.items()}
    for name, (text, type_) in (formulas or {}).items():
        made: Formula = analyse_formula(text).formula
        attributes[name] = Attribute(name=name, type=type_, source=made)
    table = Table(
        name=sample.name, database="d", source=(sample.name,), attributes=attributes, rows=1
    )
    return Gate(Model(tables={sample.name: table}, digest=sample.name), Policies())


def compile_question(
    engine: Engine,
    sample: Sample,
    query: Mapping[str, Json],
    formulas: Mapping[str, tuple[str, DataType]] | None = None,
) -> Statement:
    """Return the statement of a question; `formulas` are attributes made of others, with types."""
    gate = _gate(sample, formulas)
    asked = parse_query(json.dumps(query).encode(), Limits())
    permitted = gate.permit(asked, _WHO)
    compiled = compile_plan(build_plan(permitted), dialect=engine.dialect)
    return bind_values(compiled.rows, asked.values, permitted.view.values, NOW)


def ask(
    engine: Engine,
    sample: Sample,
    query: Mapping[str, Json],
    formulas: Mapping[str, tuple[str, DataType]] | None = None,
) -> list[Row]:
    """Return the answer of a question about one table."""
    return rows(read(engine, compile_question(engine, sample, query, formulas)))


def ask_sql(
    engine: Engine,
    sample: Sample,
    sql: str,
    formulas: Mapping[str, tuple[str, DataType]] | None = None,
) -> list[Row]:
    """Return the answer of a question in SQL about one table, of a thousand rows at most."""
    limits = Limits()
    asked = read_sql({"sql": sql}, limits)
    view = _gate(sample, formulas).view(_WHO)
    found = translate_sql(asked.query, view, limits, {"d": engine.dialect})
    values = (*asked.values, *found.constants, 1000)
    return rows(read(engine, bind_values(found.template, values, view.values, NOW)))


def select(
    *attributes: str, where: Mapping[str, Json] | None = None, order: str = "id"
) -> dict[str, Json]:
    """Return the question for a listing."""
    fields: dict[str, Json] = {name: ["select"] for name in attributes}
    query: dict[str, Json] = {"data": {"fields": fields}, "order": {order: "asc"}}
    return query if where is None else {**query, "filter": where}


def wait_until(condition: Callable[[], bool]) -> bool:
    """Return whether it came true within half a minute."""
    end = time.monotonic() + 30
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
