"""What somebody types for a question in SQL → its body and the types of its parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, TypeAlias

import msgspec
import typer

from penstock.cli.asking import read_pairs
from penstock.errors import ConfigurationError
from penstock.explain import Explanation, explain_sql
from penstock.local import Project
from penstock.model.types import DataType
from penstock.query.saved import arguments_from_pairs, resolve, types_of
from penstock.query.types import Json

SQLText: TypeAlias = Annotated[
    str | None, typer.Option("--sql", help="A question in SQL instead.", metavar="SELECT…")
]
DialectName: TypeAlias = Annotated[
    str | None, typer.Option("--dialect", help="What --sql is written in, if not ANSI SQL.")
]
InSQL: TypeAlias = tuple[bytes, Mapping[str, DataType] | None]


def read_sql_question(
    project: Project,
    ways: tuple[str | None, str | None, str | None],
    dialect: str | None,
    parameters: Iterable[str],
) -> InSQL | None:
    """Return a question in SQL, None where it is none. `ways`: as JSON, in SQL, or saved."""
    question, sql, saved = ways
    if sql is not None and (question is not None or saved is not None):
        raise ConfigurationError(
            "Give either a query, or --sql, or --saved NAME.", hint="Ask one thing at a time."
        )
    if sql is not None:
        body: dict[str, Json] = {"sql": sql, "parameters": dict(read_pairs(parameters))}
        if dialect is not None:
            body["dialect"] = dialect
        return msgspec.json.encode(body), None
    if saved is None or question is not None or not project.find(saved).is_sql:
        return None
    found = project.find(saved)
    arguments = arguments_from_pairs(found, read_pairs(parameters))
    return msgspec.json.encode(resolve(found, arguments)), types_of(found)


def explain_in_sql(project: Project, in_sql: InSQL) -> Explanation:
    asked = project.ask_sql(*in_sql)
    return explain_sql(asked, project.pipeline.dialects)
