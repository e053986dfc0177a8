"""The narrowed model → what OpenAPI says of `/sql`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from penstock.policy.types import View
from penstock.sql.mode.tongues import DIALECTS

Document: TypeAlias = "Mapping[str, Document] | Sequence[Document] | str | int | bool | None"


def sql_operation(view: View) -> Document:
    """Return the operation. Nothing in it is hidden from the caller it is made for."""
    shapes: Document = {"type": "string", "enum": ["compact", "rows", "columns"]}
    return {
        "summary": "Ask a question in SQL",
        "description": "One SELECT over your tables and attributes. `:name` is a parameter.",
        "tags": ["Query"],
        "parameters": [
            {"name": "shape", "in": "query", "schema": shapes},
            {"$ref": "#/components/parameters/numbers"},
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _SCHEMA, "example": _example(view)}},
        },
        "responses": {
            "200": {"$ref": "#/components/responses/Answer"},
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }


def _example(view: View) -> Document:
    table = next(iter(view.model.tables), None)
    return {"sql": "SELECT 1" if table is None else f'SELECT COUNT(*) FROM "{table}"'}  # noqa: S608 - an example, never run


_SCHEMA: Document = {
    "type": "object",
    "required": ["sql"],
    "additionalProperties": False,
    "properties": {
        "sql": {"type": "string"},
        "dialect": {"enum": [*DIALECTS, None]},
        "parameters": {"type": "object"},
        "limit": {"type": ["integer", "null"], "minimum": 0},
        "database_name": {"type": ["string", "null"]},
    },
}
