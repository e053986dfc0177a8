"""The narrowed model and the saved queries → OpenAPI 3.1, as one caller sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from penstock.encode.formats import FORMATS
from penstock.encode.types import Shape
from penstock.node.openapi_sql import sql_operation
from penstock.policy.types import View
from penstock.query.saved import SavedQuery
from penstock.query.words import COMPUTES, GRANULARITIES, OPERATORS

Document: TypeAlias = "Mapping[str, Document] | Sequence[Document] | str | int | bool | None"

_PROBLEM: Final[Document] = {"$ref": "#/components/responses/Problem"}
_ANSWER: Final[Document] = {"$ref": "#/components/responses/Answer"}
_SHAPE: Final[Document] = {"$ref": "#/components/parameters/shape"}
_NUMBERS: Final[Document] = {"$ref": "#/components/parameters/numbers"}


def describe_api(
    view: View, saved: Mapping[str, SavedQuery], title: str, description: str | None
) -> bytes:
    """Return the document as JSON. Nothing in it is hidden from the caller it is made for."""
    paths: dict[str, Document] = {
        "/query": {"post": _query_operation(view)},
        "/sql": {"post": sql_operation(view)},
        **{f"/queries/{name}": _saved_path(query) for name, query in saved.items()},
        "/queries": {"get": _get("List the saved queries", "Query")},
        "/dataset": {"get": _get("List the tables and attributes you can ask about", "Model")},
        "/me": {"get": _get("Say who you are to this API", "Identity")},
    }
    document: Document = {
        "openapi": "3.1.0",
        "info": {"title": title, "description": description or "", "version": "1"},
        # Relative to this document: it is right behind any prefix that a gateway has.
        "servers": [{"url": "./"}],
        "security": [{"key": []}, {"bearer": []}],
        "paths": paths,
        "components": _components(view),
    }
    return msgspec.json.encode(document)


def _get(summary: str, tag: str) -> Document:
    body: Document = {"application/json": {"schema": {"type": "object"}}}
    return {
        "summary": summary,
        "tags": [tag],
        "responses": {"200": {"description": summary, "content": body}, "401": _PROBLEM},
    }


def _query_operation(view: View) -> Document:
    return {
        "summary": "Ask a question",
        "description": "The same question may be sent by the QUERY method.",
        "tags": ["Query"],
        "parameters": [_SHAPE, _NUMBERS],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/Query"},
                    "example": _example(view),
                }
            },
        },
        "responses": {"200": _ANSWER, "default": _PROBLEM},
    }


def _example(view: View) -> Document:
    """Return a question that can be asked as it is, about the first table there is."""
    for table in view.model.tables.values():
        for attribute in table.attributes.values():
            if not attribute.aggregates:
                return {
                    "data": {"fields": {f"{table.name}.{attribute.name}": ["count"]}},
                    "table_name": table.name,
                }
    return {"data": {"fields": {}}}


def _saved_path(query: SavedQuery) -> Document:
    parameters: list[Document] = [
        {
            "name": name,
            "in": "query",
            "required": parameter.required,
            "description": parameter.description or "",
            "schema": {"type": "string"},
        }
        for name, parameter in query.parameters.items()
    ]
    shared: dict[str, Document] = {
        "summary": query.title or query.name,
        "description": query.description or "",
        "tags": ["Saved queries"],
        "responses": {"200": _ANSWER, "default": _PROBLEM},
    }
    body: Document = {"application/json": {"schema": {"$ref": "#/components/schemas/Arguments"}}}
    return {
        "get": {**shared, "parameters": [*parameters, _SHAPE, _NUMBERS]},
        "post": {**shared, "parameters": [_SHAPE, _NUMBERS], "requestBody": {"content": body}},
    }


def _components(view: View) -> Document:
    return {
        "securitySchemes": {
            "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            "bearer": {"type": "http", "scheme": "bearer"},
        },
        "parameters": {
            "shape": _choice("shape", [shape.value for shape in Shape]),
            "numbers": _choice("numbers", ["exact"]),
        },
        "responses": {
            "Answer": {
                "description": "The answer",
                "headers": _HEADERS,
                "content": {f.media_types[0]: {"schema": {}} for f in FORMATS},
            },
            "Problem": {
                "description": "What is wrong, where, and a way forward",
                "content": {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                },
            },
        },
        "schemas": {
            "Query": _query_schema(view),
            "Arguments": _ARGUMENTS,
            "Problem": _PROBLEM_BODY,
        },
    }


def _choice(name: str, values: Sequence[str]) -> Document:
    return {"name": name, "in": "query", "schema": {"type": "string", "enum": list(values)}}


def _query_schema(view: View) -> Document:
    names = sorted({n for table in view.model.tables.values() for n in table.attributes})
    tables = sorted(view.model.tables)
    condition: Document = {
        "description": f"A value, a list of values, or an object of {', '.join(OPERATORS)}."
    }
    return {
        "type": "object",
        "required": ["data"],
        "additionalProperties": False,
        "properties": {
            "data": {
                "type": "object",
                "required": ["fields"],
                "additionalProperties": False,
                "properties": {
                    "fields": {
                        "type": "object",
                        "description": f"attribute: [computes]. Attributes: {', '.join(names)}.",
                        "additionalProperties": {
                            "type": "array",
                            "items": {"type": "string", "examples": list(COMPUTES)[:12]},
                        },
                    },
                    "limit": {"type": ["integer", "null"], "minimum": 0},
                    "skip": {"type": "integer", "minimum": 0},
                    "hints": {"type": "boolean"},
                },
            },
            "scale": {
                "type": "object",
                "properties": {
                    "fields": {
                        "type": "array",
                        "description": f"Granularities: {', '.join(GRANULARITIES)}.",
                        "items": {"type": ["string", "array"]},
                    },
                    "axis": {},
                },
            },
            "filter": {"type": "object", "additionalProperties": condition},
            "having": {"type": "object"},
            "order": {"type": "object", "additionalProperties": {"enum": ["asc", "desc"]}},
            "evol": {"type": "object"},
            "total": {"type": "object", "additionalProperties": _NAMES},
            "options": _OPTIONS,
            "timezone": {"type": "string"},
            "table_name": {"enum": [*tables, None]},
            "database_name": {"type": ["string", "null"]},
        },
    }


_HEADERS: Final[Document] = {
    "Penstock-Limit": {
        "description": "The rows at which the answer stops though there may be more.",
        "schema": {"type": "integer"},
    },
    "Penstock-Warning": {
        "description": "What else the question may have meant, percent-encoded but for ASCII.",
        "schema": {"type": "string"},
    },
}

_NAMES: Final[Document] = {"type": "array", "items": {"type": ["string", "array"]}}

_OPTIONS: Final[Document] = {
    "type": "object",
    "description": "How a sheet, CSV or XLSX, shows the answer.",
    "additionalProperties": False,
    "properties": {
        "scales": {
            "type": "object",
            "description": "A pivot: `x` spreads the columns, `y` labels the rows.",
            "additionalProperties": False,
            "properties": {"x": _NAMES, "y": _NAMES},
        },
        "collapse": {"type": "boolean", "description": "Merge the labels that repeat."},
    },
}

_ARGUMENTS: Final[Document] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "parameters": {"type": "object"},
        "dynamic_parameters": {"type": "array", "items": {"type": "object"}},
    },
}

_TEXT: Final[Document] = {"type": "string"}

_PROBLEM_BODY: Final[Document] = {
    "type": "object",
    "properties": {
        "title": _TEXT,
        "status": {"type": "integer"},
        "code": _TEXT,
        "detail": _TEXT,
        "hint": _TEXT,
        "pointer": _TEXT,
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}
