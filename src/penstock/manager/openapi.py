"""The operations -> OpenAPI 3.1, each with its permission and every code it may answer with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from penstock.errors import (
    AuthenticationError,
    BusyError,
    ChangedError,
    ConflictError,
    ForbiddenError,
    InvalidJSONError,
    ManagementError,
    NotFoundError,
    PenstockError,
    StateError,
    StorageFullError,
    TooLargeError,
    UnconditionalError,
)
from penstock.manager.routes import (
    ROOT,
    Acts,
    Changes,
    Downloads,
    Lists,
    Makes,
    Open,
    Route,
    Streams,
)
from penstock.problems import STATUS, Problem
from penstock.store.idempotency import ReusedKeyError
from penstock.version import VERSION

Part: TypeAlias = dict[str, object]

_REFERENCE: Final = "#/components/schemas/{name}"
_PARAMETER: Final = re.compile(r"\{(\w+)\}")


def describe(routes: Iterable[Route]) -> Part:
    """Return the document. Complete: what it does not say, the manager does not do."""
    listed = tuple(routes)
    paths: dict[str, Part] = {}
    for route in listed:
        paths.setdefault(route.address, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Penstock management API",
            "version": VERSION,
            "description": "Times are in epoch seconds, sizes in bytes.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": _schemas(listed),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An access token, pt_…",
                }
            },
        },
    }


def codes_of(route: Route) -> tuple[type[PenstockError] | str, ...]:
    """Return every error that an operation may answer with: classes, and the route's own codes."""
    found: list[type[PenstockError]] = [ManagementError, NotFoundError, BusyError, StateError]
    if route.permission is not Open.ANYBODY:
        found.append(AuthenticationError)
    if isinstance(route.handler, Lists) and "{" not in route.path:
        found.remove(NotFoundError)
    if not isinstance(route.permission, Open):
        found.append(ForbiddenError)
    if route.method != "GET":
        found += [StorageFullError, InvalidJSONError, TooLargeError]
    if isinstance(route.handler, Changes):
        found += [ChangedError, UnconditionalError]
    if isinstance(route.handler, Makes | Acts):
        found += [ReusedKeyError, ConflictError]
    return (*found, *route.codes)


def _operation(route: Route) -> Part:
    permission = route.permission
    needs = permission.value if isinstance(permission, Open) else permission
    operation: Part = {
        "operationId": _identifier(route),
        "summary": route.summary,
        "description": f"Needs: {needs}.",
        "tags": [route.path.split("/")[1]],
        "x-permission": needs,
        "parameters": _parameters(route),
        "responses": _responses(route),
    }
    if permission is Open.ANYBODY:
        operation["security"] = []
    if route.takes is not None:
        operation["requestBody"] = {"required": True, "content": _content(route.takes)}
    return operation


def _identifier(route: Route) -> str:
    words = [part.strip("{}") for part in route.path.split("/") if part]
    return "_".join((route.method.lower(), *words))


def _parameters(route: Route) -> list[Part]:
    found: list[Part] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(route.path)
    ]
    if isinstance(route.handler, Lists):
        limits: Part = {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
        found.append({"name": "limit", "in": "query", "schema": limits})
        found.append({"name": "cursor", "in": "query", "schema": {"type": "string"}})
    if route.query is not None:
        found += [
            {"name": field.encode_name, "in": "query", "schema": _schema(field.type)}
            for field in msgspec.structs.fields(route.query)
        ]
    headers = {
        Changes: ("If-Match", "The ETag of what is meant; If-None-Match: * to make it."),
        Makes: ("Idempotency-Key", "Sent twice, the same answer is given twice."),
        Acts: ("Idempotency-Key", "Sent twice, the same answer is given twice."),
    }
    said = headers.get(type(route.handler))
    if said is not None:
        text: Part = {"type": "string"}
        name, description = said
        found.append({"name": name, "in": "header", "description": description, "schema": text})
    return found


def _responses(route: Route) -> Part:
    status, good = _good(route)
    problems: dict[str, set[str]] = {}
    for error in codes_of(route):
        if isinstance(error, str):
            kind, code = _kinds()[error], error
        else:
            kind, code = str(STATUS[error.kind]), error.code
        problems.setdefault(kind, set()).add(code)
    problem = {"application/problem+json": {"schema": {"$ref": _REFERENCE.format(name="Problem")}}}
    bad = {
        status: {"description": ", ".join(sorted(codes)), "content": problem}
        for status, codes in problems.items()
    }
    return {status: good, **dict(sorted(bad.items()))}


def _good(route: Route) -> tuple[str, Part]:
    if isinstance(route.handler, Streams):
        content: Part = {route.handler.media_type: {"schema": {"type": "string"}}}
        return "200", {"description": "As it happens", "content": content}
    if route.gives is None:
        return "204", {"description": "Done"}
    if isinstance(route.handler, Downloads):
        return "200", {"description": "The file", "content": _content(Path)}
    schema = _schema(route.gives)
    if isinstance(route.handler, Lists):
        schema = {
            "type": "object",
            "required": ["items"],
            "properties": {
                "items": {"type": "array", "items": schema},
                "next": {"type": "string", "description": "The cursor of the next page"},
            },
        }
    described: Part = {"description": "Done", "content": {"application/json": {"schema": schema}}}
    return str(route.status), described


def _content(form: type) -> Part:
    if form is Path:
        return {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    return {"application/json": {"schema": _schema(form)}}


def _schema(form: object) -> Part:
    schemas, _ = msgspec.json.schema_components(
        [form], schema_hook=_anything, ref_template=_REFERENCE
    )
    return dict(schemas[0])


def _anything(_: type) -> dict[str, object]:
    """Return the schema of a field that takes any JSON value."""
    return {"description": "Any JSON value."}


def _schemas(routes: tuple[Route, ...]) -> Mapping[str, object]:
    forms = {
        form: None
        for route in routes
        for form in (route.takes, route.gives)
        if form is not None and form is not Path
    }
    _, components = msgspec.json.schema_components(
        [*forms, Problem], schema_hook=_anything, ref_template=_REFERENCE
    )
    return dict(sorted(components.items()))


def _kinds() -> dict[str, str]:
    """Return the status of every code that an error class has."""
    found: dict[str, str] = {}
    waiting: list[type[PenstockError]] = [PenstockError]
    while waiting:
        error = waiting.pop()
        found[error.code] = str(STATUS[error.kind])
        waiting += error.__subclasses__()
    return found


DOCUMENT_PATH: Final = f"{ROOT}/openapi.json"
