"""A saved query and the arguments of one call → the query to ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from penstock.errors import (
    InvalidParameterError,
    PenstockError,
    UnknownKeyError,
    UnknownParameterError,
    raise_all,
    suggestion,
)
from penstock.model.types import DataType
from penstock.query.conditions import escape
from penstock.query.dynamic import DynamicParameter, change_query, read_changes
from penstock.query.parameters import Parameter, describe, read_argument
from penstock.query.types import Json

PARAMETER: Final = "$param."


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedQuery:
    """A query with a name, such as `delays/by-origin`. `cache_ttl` is in seconds.

    If `is_sql`, the query is the body of a question in SQL, without its parameters.
    """

    name: str
    query: Mapping[str, Json]
    is_sql: bool = False
    title: str | None = None
    description: str | None = None
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    dynamic_parameters: tuple[DynamicParameter, ...] = ()
    chart: Mapping[str, Json] | None = None
    cache_ttl: float | None = None
    tags: tuple[str, ...] = ()


def resolve(saved: SavedQuery, arguments: Mapping[str, Json]) -> dict[str, Json]:
    """Return the query to ask.

    `arguments` is the body of a POST: `{"parameters": {…}, "dynamic_parameters": […]}`, both
    optional. Values stay values: they are put into the decoded query, never into text. Raises
    everything that is wrong with the arguments at once.
    """
    problems: list[PenstockError] = [
        UnknownKeyError(
            f"Unknown key {key!r}.",
            hint=suggestion(key, _SECTIONS) or f"The keys here are {', '.join(_SECTIONS)}.",
            pointer=f"/{escape(key)}",
        )
        for key in arguments
        if key not in _SECTIONS
    ]
    values = _parameters(saved, arguments.get("parameters"), problems)
    changes = read_changes(saved.dynamic_parameters, arguments.get("dynamic_parameters"), problems)
    raise_all(problems)
    if saved.is_sql:
        return {**saved.query, "parameters": values}
    filled = _fill(saved.query, values)
    query = dict(filled) if isinstance(filled, Mapping) else {}
    for dynamic, value in changes:
        change_query(query, dynamic, value)
    return query


def types_of(saved: SavedQuery) -> dict[str, DataType] | None:
    """Return the types of the parameters of a query in SQL, None for one in JSON."""
    if not saved.is_sql:
        return None
    return {name: parameter.type for name, parameter in saved.parameters.items()}


def arguments_from_pairs(saved: SavedQuery, pairs: Sequence[tuple[str, str]]) -> dict[str, Json]:
    """Return the arguments that a URL's query string stands for, `month=3&origin=JFK`.

    A name is a parameter, else the reference of a dynamic parameter. A repeated name is a list.
    """
    given: dict[str, list[str]] = {}
    for name, text in pairs:
        given.setdefault(name, []).append(text)
    dynamic = {d.reference: d for d in reversed(saved.dynamic_parameters)}
    parameters: dict[str, Json] = {}
    changes: list[Json] = []
    for name, texts in given.items():
        value: Json = texts[0] if len(texts) == 1 else texts
        if name in saved.parameters or name not in dynamic:
            parameters[name] = value
        else:
            changes.append({"type": dynamic[name].type.value, "reference": name, "value": value})
    return {"parameters": parameters, "dynamic_parameters": changes}


_SECTIONS: Final = ("parameters", "dynamic_parameters")


def _parameters(saved: SavedQuery, raw: Json, problems: list[PenstockError]) -> dict[str, Json]:
    given: Mapping[str, Json] = {}
    if isinstance(raw, Mapping):
        given = raw
    elif raw is not None:
        problems.append(InvalidParameterError("'parameters' is an object.", pointer="/parameters"))
    problems.extend(
        UnknownParameterError(
            f"The query {saved.name!r} has no parameter {name!r}.",
            hint=suggestion(name, tuple(saved.parameters)) or _known(saved),
            pointer=f"/parameters/{escape(name)}",
        )
        for name in given
        if name not in saved.parameters
    )
    values: dict[str, Json] = {}
    for name, parameter in saved.parameters.items():
        value = given.get(name)
        try:
            values[name] = read_argument(parameter, parameter.default if value is None else value)
        except ValueError as error:
            problems.append(
                InvalidParameterError(
                    f"{name!r} {error}.",
                    hint=describe(parameter),
                    pointer=f"/parameters/{escape(name)}",
                )
            )
    return values


def _known(saved: SavedQuery) -> str:
    names = [*saved.parameters, *(d.reference for d in saved.dynamic_parameters)]
    return f"It has {', '.join(names)}." if names else "It has no parameters."


class _Unset(Enum):
    """Where a parameter without a value stood."""

    UNSET = "unset"


def _fill(raw: Json, values: Mapping[str, Json]) -> Json | _Unset:
    """Put values where `$param.<name>` stands.

    What has no value is left out, and so is a condition or a list that nothing else is left of.
    An empty list that was given stays: `in []` is false, not absent.
    """
    if isinstance(raw, str):
        return _value(raw, values)
    if isinstance(raw, Mapping):
        members = {key: _fill(item, values) for key, item in raw.items()}
        kept = {k: v for k, v in members.items() if not isinstance(v, _Unset)}
        return _Unset.UNSET if members and not kept else kept
    if isinstance(raw, Sequence):
        items = [(item, _fill(item, values)) for item in raw]
        rest: list[Json] = []
        for item, filled in items:
            if isinstance(item, str) and isinstance(filled, list):
                rest.extend(filled)
            elif not isinstance(filled, _Unset):
                rest.append(filled)
        is_unset = bool(items) and all(isinstance(filled, _Unset) for _, filled in items)
        return _Unset.UNSET if is_unset else rest
    return raw


def _value(text: str, values: Mapping[str, Json]) -> Json | _Unset:
    if not text.startswith(PARAMETER):
        return text
    value = values.get(text.removeprefix(PARAMETER))
    return _Unset.UNSET if value is None else value
