"""Document × schema → typed value; everything that does not fit becomes an issue with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from penstock.errors import suggestion
from penstock.project.document import Document, Node, Step
from penstock.project.report import Report

S = TypeVar("S", bound=BaseModel)

_WANTED: Final[Mapping[str, str]] = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "keys with values",
    "mapping_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
}


@dataclass(frozen=True, slots=True)
class Valid(Generic[S]):
    """What of a document fits its schema, and the document with only that."""

    value: S
    document: Document


def validate(schema: type[S], document: Document, report: Report) -> Valid[S] | None:
    """Read a document, leaving out, and reporting, every part of it that does not fit.

    What is left can be checked further, so that one mistake does not hide the next one. None
    where nothing is left.
    """
    kept, is_first = document, True
    while True:
        try:
            return Valid(schema.model_validate(kept.root.plain()), kept)
        except ValidationError as error:
            details = error.errors(include_url=False, include_input=False)
        if is_first:
            for detail in details:
                _report(schema, document, report, detail)
        # The path of what lacks a key ends before the key: it is of no use, and goes as a whole.
        gone = {kept.path(detail["loc"]) for detail in details}
        if () in gone:
            return None
        kept = Document(kept.file, kept.root.without(gone), kept.variables)
        is_first = False


def _report(
    schema: type[BaseModel], document: Document, report: Report, detail: ErrorDetails
) -> None:
    path = document.path(detail["loc"])
    if document.at(*path).lost:
        return
    code, message, hint = _said(schema, detail, path, document.at(*path).content)
    is_key = detail["type"] == "extra_forbidden" or detail["loc"][-1:] == ("[key]",)
    place = document.key_place(*path) if is_key else document.place(*path)
    report.add(place, code, message, hint)


def _said(
    schema: type[BaseModel], detail: ErrorDetails, path: tuple[Step, ...], content: object
) -> tuple[str, str, str | None]:
    kind, context = detail["type"], detail.get("ctx", {})
    name = _name(path)
    match kind:
        case "issue":
            return str(context["code"]), str(context["message"]), context.get("hint")
        case "missing":
            key = str(detail["loc"][-1])
            owner = f" of {name}" if path and isinstance(path[-1], str) else ""
            return "MISSING_KEY", f"The key {key!r}{owner} is missing.", f"Add `{key}: …`."
        case "extra_forbidden":
            known = _keys(_schema_at(schema, path[:-1]))
            near = suggestion(str(path[-1]), known)
            return "UNKNOWN_KEY", f"Unknown key {name}.", near or f"Keys: {', '.join(known)}."
        case "enum" | "literal_error":
            words = re.findall(r"'([^']*)'", str(context["expected"]))
            said = repr(content) if isinstance(content, str) else "that"
            near = suggestion(str(content), words)
            return "INVALID_VALUE", f"{name} cannot be {said}.", near or f"Write {_any(words)}."
        case _ if kind in _WANTED:
            hint = "Put quotes around it." if kind == "string_type" else None
            return "INVALID_VALUE", f"{name} must be {_WANTED[kind]}.", hint
        case _:
            is_empty = kind in {"too_short", "string_too_short"}
            said = " is empty" if is_empty else f": {detail['msg'].removeprefix('Input ')}"
            return "INVALID_VALUE", f"{name}{said}.", None


def _name(path: tuple[Step, ...]) -> str:
    if not path:
        return "The file"
    return repr(path[-1]) if isinstance(path[-1], str) else "This"


def _any(words: Sequence[str]) -> str:
    return " or ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]


def _keys(schema: type[BaseModel] | None) -> tuple[str, ...]:
    if schema is None:
        return ()
    return tuple(f.alias or name for name, f in schema.model_fields.items())


def _schema_at(schema: type[BaseModel], path: Iterable[Step]) -> type[BaseModel] | None:
    """Follow a path through the schemas, to the one whose keys stand there."""
    current: type[BaseModel] | None = schema
    for step in path:
        if current is not None and isinstance(step, str) and step in _keys(current):
            named = {f.alias or n: f for n, f in current.model_fields.items()}
            current = _schema_in(named[step].annotation) or current
    return current


def _schema_in(annotation: object) -> type[BaseModel] | None:
    """Return the schema that an annotation such as `dict[str, Table] | None` is about."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_schema_in(part) for part in get_args(annotation))
    return next((schema for schema in found if schema is not None), None)


__all__ = ["Node", "Valid", "validate"]
