"""queries/**.sql → SavedQuery: a header in YAML, and a SELECT that was translated once already."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pydantic import Field, JsonValue

from penstock.auth.principal import Principal
from penstock.errors import PenstockError
from penstock.policy.permit import Gate
from penstock.policy.types import Policies, View
from penstock.project.document import Document
from penstock.project.fields import Name, Strict
from penstock.project.model import ReadModel
from penstock.project.report import Report
from penstock.project.saved import (
    CacheEntry,
    ParameterEntry,
    check_file_name,
    example,
    read_parameter,
)
from penstock.project.saved_text import split_sql
from penstock.project.types import Place
from penstock.project.validate import validate
from penstock.query.saved import SavedQuery, resolve, types_of
from penstock.query.sql import read_sql
from penstock.query.types import Json, Limits
from penstock.sql.mode.translate import translate_sql
from penstock.sql.mode.types import Translated

# Any dialect does: what is wrong with a SELECT is found before it is written in the engine's.
_DIALECT: Final = "duckdb"


class SQLFile(Strict):
    """The header of a query in SQL."""

    title: str | None = None
    description: str | None = None
    tags: list[str] = Field(default_factory=list)
    dialect: str | None = None
    database: str | None = None
    parameters: dict[Name, ParameterEntry] = Field(default_factory=dict)
    chart: dict[str, JsonValue] | None = None
    cache: CacheEntry | None = None


def read_saved_sql(
    name: str, document: Document, text: str, reading: tuple[ReadModel, Limits], report: Report
) -> SavedQuery | None:
    check_file_name(name, document, report)
    valid = validate(SQLFile, document, report)
    if valid is None:
        return None
    file, kept = valid.value, valid.document
    before = len(report.issues)
    parameters = {n: read_parameter(n, e, kept, report) for n, e in file.parameters.items()}
    query: dict[str, Json] = {"sql": split_sql(text)[1]}
    if file.dialect is not None:
        query["dialect"] = file.dialect
    if file.database is not None:
        query["database_name"] = file.database
    saved = SavedQuery(
        name=name,
        query=query,
        is_sql=True,
        title=file.title,
        description=file.description,
        parameters=parameters,
        chart=file.chart,
        cache_ttl=file.cache.ttl if file.cache else None,
        tags=tuple(file.tags),
    )
    _report_unused(saved, document, report)
    model, limits = reading
    # Half a model would call every name of the other half unknown.
    if len(report.issues) == before and model.is_whole:
        everything = Gate(model.model, Policies()).view(Principal(subject="check", kind="check"))
        _report(saved, everything, limits, document, report)
    return saved


def _report_unused(saved: SavedQuery, document: Document, report: Report) -> None:
    for name in saved.parameters:
        if re.search(rf"[:$@]{name}\b", str(saved.query["sql"])) is None:
            report.add(
                document.key_place("parameters", name),
                "UNUSED_PARAMETER",
                f"The query does not use its parameter {name!r}.",
                f"Write :{name} where its value belongs.",
            )


def _report(
    saved: SavedQuery, view: View, limits: Limits, document: Document, report: Report
) -> None:
    try:
        rehearse_sql(saved, view, limits)
    except PenstockError as error:
        text = str(saved.query["sql"])
        first = len(text) - len(text.lstrip())
        start = (text.count("\n", 0, first) + 1, 1)
        for part in error.parts:
            key = (part.pointer or "").strip("/").partition("/")[0]
            key = "database" if key == "database_name" else key
            if part.position is not None or not document.names(key):
                line, column = part.position or start
                place = Place(document.file, line, column)
            else:
                place = document.place(key)
            report.add(place, part.code, part.detail, part.hint)


def rehearse_sql(saved: SavedQuery, view: View, limits: Limits) -> Translated:
    """Translate a query for one view, with an example for each value; raise what is wrong."""
    arguments: Mapping[str, Json] = {n: example(p) for n, p in saved.parameters.items()}
    body = resolve(saved, {"parameters": arguments})
    asked = read_sql(body, limits, types_of(saved))
    dialects = {table.database: _DIALECT for table in view.model.tables.values()}
    return translate_sql(asked.query, view, limits, dialects)
