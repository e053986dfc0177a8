"""Ask a query without a database: everything that would be refused, known beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from penstock.auth.principal import Principal
from penstock.errors import NoTableFoundError, PenstockError, suggestion
from penstock.model.types import DataType, Model, Table
from penstock.plan.build import build_plan
from penstock.plan.choose import references
from penstock.policy.permit import Gate
from penstock.policy.types import Policies
from penstock.project.document import Document, Step
from penstock.project.names import Names
from penstock.project.types import Place
from penstock.query.parse import read_query
from penstock.query.types import Json, Limits, Value
from penstock.sql.bind import bind_values
from penstock.sql.compile import compile_plan
from penstock.sql.types import Statement

SAMPLES: Final[Mapping[DataType, Value]] = {
    DataType.BOOLEAN: True,
    DataType.INTEGER: 1,
    DataType.FLOAT: 1.5,
    DataType.DECIMAL: "1.5",
    DataType.STRING: "text",
    DataType.DATE: "2000-01-01",
    DataType.TIMESTAMP: "2000-01-01T00:00:00",
    DataType.TIMESTAMP_TZ: "2000-01-01T00:00:00Z",
    DataType.TIME: "00:00:00",
    DataType.BYTES: "",
    DataType.JSON: "text",
}

_TODAY: Final = datetime(2000, 6, 15, tzinfo=UTC)  # any day does too

# Any dialect does: values are bound the same way in all of them.
_DIALECT: Final = "duckdb"


def rehearse(query: Json, model: Model, limits: Limits) -> tuple[PenstockError, ...]:
    """Return what is wrong with a query, for somebody who sees the whole model."""
    try:
        prepare(query, model, limits, dialect=_DIALECT)
    except PenstockError as error:
        return error.parts
    return ()


def prepare(query: Json, model: Model, limits: Limits, *, dialect: str) -> Statement:
    """Return the statement of a query for somebody who sees everything, or raise what is wrong."""
    asked = read_query(query, limits)
    caller = Principal(subject="check", kind="check")
    plan = build_plan(Gate(model, Policies()).permit(asked, caller))
    return bind_values(compile_plan(plan, dialect=dialect).rows, asked.values, (), _TODAY)


def isolate(table: Table, model: Model) -> Model:
    """Return a model of one table alone, where each of its names can only mean its own."""
    attributes = {n: replace(a, label=None) for n, a in table.attributes.items()}
    alone = replace(table, queryable=True, relationships={}, attributes=attributes)
    return Model(tables={table.name: alone}, digest=f"{model.digest}/{table.name}")


def unknown_names(query: Json, names: Names, limits: Limits) -> tuple[PenstockError, ...]:
    """Return what is wrong with a query's form, else the names in it that no model file writes."""
    try:
        asked = read_query(query, limits)
    except PenstockError as error:
        return error.parts
    return tuple(
        NoTableFoundError(
            f"No table has an attribute {name!r}.",
            hint=suggestion(name, names.all()),
            pointer=pointer,
        )
        for name, pointer in references(asked.query).items()
        if not names.has_anywhere(name)
    )


def place_of(pointer: str | None, document: Document, base: tuple[Step, ...] = ()) -> Place:
    """Return where a JSON pointer leads in a document, counted from the node at `base`."""
    loc = list(base)
    for token in (pointer or "").split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        is_index = (
            name.isascii() and name.isdigit() and isinstance(document.at(*loc).content, tuple)
        )
        loc.append(int(name) if is_index else name)
    return document.place(*loc)
