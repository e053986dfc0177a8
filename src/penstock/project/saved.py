"""queries/**.yaml → SavedQuery: rehearsed against the model before anybody asks it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import Field, JsonValue

from penstock.errors import PenstockError, suggestion
from penstock.model.types import DataType
from penstock.project.document import Document, Step
from penstock.project.fields import Duration, Name, Scalar, Strict
from penstock.project.model import ReadModel
from penstock.project.rehearse import SAMPLES, place_of, rehearse, unknown_names
from penstock.project.report import Report
from penstock.project.validate import validate
from penstock.query.dynamic import RANGE, TRANSFORMERS, Change, DynamicParameter
from penstock.query.parameters import PARAMETER_TYPES, Parameter, read_argument, read_value
from penstock.query.saved import PARAMETER, SavedQuery, resolve
from penstock.query.types import Json, Limits, Value

_PART: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_ORDERED: Final = frozenset(PARAMETER_TYPES) - {DataType.STRING, DataType.BOOLEAN}


class ParameterEntry(Strict):
    type: Annotated[DataType, Field(strict=False)]
    default: JsonValue = None
    required: bool = False
    many: bool = False
    allowed: Annotated[list[Scalar], Field(min_length=1)] | None = None
    min: Scalar | None = None
    max: Scalar | None = None
    title: str | None = None
    description: str | None = None


class DynamicEntry(Strict):
    type: Annotated[Change, Field(strict=False)]
    reference: str
    transform: str | None = None
    value: JsonValue = None
    params: dict[str, JsonValue] = Field(default_factory=dict)


class CacheEntry(Strict):
    ttl: Duration


class QueryFile(Strict):
    title: str | None = None
    description: str | None = None
    tags: list[str] = Field(default_factory=list)
    query: dict[str, JsonValue]
    parameters: dict[Name, ParameterEntry] = Field(default_factory=dict)
    dynamic_parameters: list[DynamicEntry] = Field(default_factory=list)
    chart: dict[str, JsonValue] | None = None
    cache: CacheEntry | None = None


def read_saved(
    name: str, document: Document, model: ReadModel, limits: Limits, report: Report
) -> SavedQuery | None:
    check_file_name(name, document, report)
    valid = validate(QueryFile, document, report)
    if valid is None:
        return None
    file, kept = valid.value, valid.document
    before = len(report.issues)
    parameters = {n: read_parameter(n, entry, kept, report) for n, entry in file.parameters.items()}
    is_callable = len(report.issues) == before
    _check_uses(document, kept, report)
    saved = SavedQuery(
        name=name,
        query=file.query,
        title=file.title,
        description=file.description,
        parameters=parameters,
        dynamic_parameters=tuple(
            _dynamic(i, entry, model, kept, report)
            for i, entry in enumerate(file.dynamic_parameters)
        ),
        chart=file.chart,
        cache_ttl=file.cache.ttl if file.cache else None,
        tags=tuple(file.tags),
    )
    if is_callable:
        _rehearse(saved, model, limits, kept, report)
    return saved


def check_file_name(name: str, document: Document, report: Report) -> None:
    for part in name.split("/"):
        if _PART.fullmatch(part) is None:
            report.add(
                document.place(),
                "INVALID_NAME",
                f"A saved query cannot be called {name!r}: it is part of an address.",
                "File and folder names have letters, digits, `_` and `-`.",
            )
            return


def read_parameter(
    name: str, entry: ParameterEntry, document: Document, report: Report
) -> Parameter:
    parameter = Parameter(
        name=name,
        type=entry.type,
        default=entry.default,
        required=entry.required,
        many=entry.many,
        allowed=tuple(entry.allowed or ()),
        minimum=entry.min,
        maximum=entry.max,
        title=entry.title,
        description=entry.description,
    )
    for key, message in _misfits(parameter):
        report.add(document.place("parameters", name, key), "INVALID_VALUE", f"{name!r} {message}.")
    return parameter


def _misfits(parameter: Parameter) -> Iterator[tuple[str, str]]:
    """Say which keys of a parameter's declaration do not go with its type or each other."""
    if parameter.type not in PARAMETER_TYPES:
        yield "type", f"cannot be of type {parameter.type}"
        return
    bounds = {"min": parameter.minimum, "max": parameter.maximum}
    named = [*bounds.items(), *(("allowed", value) for value in parameter.allowed)]
    unfit = [(key, value) for key, value in named if not _fits(parameter.type, value)]
    yield from ((key, f"is of type {parameter.type}, and {v!r} is not") for key, v in unfit)
    if unfit:
        return
    if parameter.type not in _ORDERED:
        yield from (
            (key, f"is of type {parameter.type}, which has no {key}")
            for key, value in bounds.items()
            if value is not None
        )
    if parameter.required and parameter.default is not None:
        yield "required", "has a default, so it cannot be required"
    try:
        read_argument(parameter, parameter.default)
    except ValueError as error:
        if parameter.default is not None:
            yield "default", f"{error}"


def _fits(type_: DataType, value: Value) -> bool:
    if value is None:
        return True
    try:
        read_value(type_, value)
    except ValueError:
        return False
    return True


def _check_uses(written: Document, kept: Document, report: Report) -> None:
    """Every `$param.<name>` must be declared, and what is declared must be used."""
    known = written.names("parameters")
    used: set[str] = set()
    for loc, text in _texts(kept.root.plain(), ()):
        if loc[:1] != ("query",) or not text.startswith("$"):
            continue
        name = text.removeprefix(PARAMETER)
        used.add(name)
        if not text.startswith(PARAMETER):
            report.add(
                kept.place(*loc),
                "INVALID_QUERY",
                f"{text!r} stands for nothing here.",
                f"Write {PARAMETER}<name> for a parameter of this query.",
            )
        elif name not in known:
            report.add(
                kept.place(*loc),
                "UNKNOWN_PARAMETER",
                f"There is no parameter {name!r}.",
                suggestion(name, known) or f"Declare it: `parameters: {{{name}: {{type: …}}}}`.",
            )
    for name in known:
        if name not in used:
            report.add(
                written.key_place("parameters", name),
                "UNUSED_PARAMETER",
                f"The query does not use its parameter {name!r}.",
                f"Write {PARAMETER}{name} where its value belongs.",
            )


def _texts(raw: object, loc: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], str]]:
    if isinstance(raw, str):
        yield loc, raw
    elif isinstance(raw, dict):
        for key, value in raw.items():
            yield from _texts(value, (*loc, str(key)))
    elif isinstance(raw, list):
        for i, value in enumerate(raw):
            yield from _texts(value, (*loc, i))


def _dynamic(
    index: int, entry: DynamicEntry, model: ReadModel, document: Document, report: Report
) -> DynamicParameter:
    loc = ("dynamic_parameters", index)
    transform = entry.transform or entry.type.value
    if transform != entry.type.value:
        report.add(
            document.place(*loc, "transform"),
            "UNKNOWN_TRANSFORMER",
            f"There is no transformer {transform!r} for the type {entry.type.value!r}.",
            suggestion(transform, TRANSFORMERS) or f"Write {entry.type.value}, or leave it out.",
        )
        transform = entry.type.value
    dynamic = DynamicParameter(
        type=entry.type,
        reference=entry.reference,
        transform=transform,
        value=entry.value,
        params=entry.params,
    )
    if not model.names.has_anywhere(dynamic.attribute):
        report.add(
            document.place(*loc, "reference"),
            "UNKNOWN_ATTRIBUTE",
            f"No table has an attribute {dynamic.attribute!r}.",
            suggestion(dynamic.attribute, model.names.all())
            or f"The reference of a {dynamic.type.value} is an attribute, `{RANGE}` before it for"
            " a filter that takes a lowest and a highest value.",
        )
    return dynamic


def _rehearse(
    saved: SavedQuery, model: ReadModel, limits: Limits, document: Document, report: Report
) -> None:
    """Ask the query as it stands, with an example for each value that only a caller knows."""
    arguments: dict[str, Json] = {
        name: example(parameter)
        for name, parameter in saved.parameters.items()
        if parameter.required
    }
    query = resolve(saved, {"parameters": arguments})
    for problem in _problems(query, model, limits):
        report.add(
            place_of(problem.pointer, document, ("query",)),
            problem.code,
            problem.detail,
            problem.hint,
        )


def _problems(query: Json, model: ReadModel, limits: Limits) -> tuple[PenstockError, ...]:
    if model.is_whole:
        return rehearse(query, model.model, limits)
    # Half a model cannot be planned on; that a name is nowhere is known all the same.
    return unknown_names(query, model.names, limits)


def example(parameter: Parameter) -> Json:
    """Return a value that a caller might give."""
    if parameter.allowed:
        return parameter.allowed[0]
    if parameter.minimum is not None:
        return parameter.minimum
    return SAMPLES[parameter.type] if parameter.maximum is None else parameter.maximum
