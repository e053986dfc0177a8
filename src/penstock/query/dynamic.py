"""The changes to a query that its callers may make: a filter, a scale or a field more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from penstock.errors import (
    InvalidParameterError,
    PenstockError,
    UnknownKeyError,
    UnknownParameterError,
    suggestion,
)
from penstock.query.conditions import escape
from penstock.query.types import Json
from penstock.query.words import GRANULARITIES

RANGE: Final = "range_"


class Change(StrEnum):
    """What a dynamic parameter adds to."""

    FILTER = "filter"
    SCALE = "scale"
    DATA = "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicParameter:
    """A change that a caller may make: a filter, a scale or a field on the attribute `reference`.

    `value` is used where a caller gives none; without either nothing changes.
    """

    type: Change
    reference: str
    transform: str
    value: Json = None
    params: Mapping[str, Json] = field(default_factory=dict)

    @property
    def attribute(self) -> str:
        return self.reference.removeprefix(RANGE) if self.is_range else self.reference

    @property
    def is_range(self) -> bool:
        return self.type is Change.FILTER and self.reference.startswith(RANGE)


def read_changes(
    declared: Sequence[DynamicParameter], raw: Json, problems: list[PenstockError]
) -> list[tuple[DynamicParameter, Json]]:
    """Return the changes to make: what the caller asks, and defaults of what they do not name."""
    if raw is not None and not isinstance(raw, list):
        problems.append(
            InvalidParameterError("'dynamic_parameters' is a list.", pointer="/dynamic_parameters")
        )
    entries = raw if isinstance(raw, list) else []
    asked = [
        change
        for i, entry in enumerate(entries)
        if (change := _change(declared, entry, f"/dynamic_parameters/{i}", problems)) is not None
    ]
    named = [dynamic for dynamic, _ in asked]
    defaults = [(d, d.value) for d in declared if d not in named]
    return [(dynamic, value) for dynamic, value in (*defaults, *asked) if value is not None]


def _change(
    declared: Sequence[DynamicParameter], entry: Json, pointer: str, problems: list[PenstockError]
) -> tuple[DynamicParameter, Json] | None:
    if not isinstance(entry, Mapping):
        problems.append(
            InvalidParameterError(
                "A dynamic parameter is an object.",
                hint='Write {"type": "filter", "reference": "origin", "value": ["JFK"]}.',
                pointer=pointer,
            )
        )
        return None
    type_, reference = entry.get("type"), entry.get("reference")
    for dynamic in declared:
        if (dynamic.type.value, dynamic.reference) == (type_, reference):
            break
    else:
        problems.append(
            UnknownParameterError(
                f"The query has no dynamic parameter of type {type_!r} on {reference!r}.",
                hint=_known(declared),
                pointer=pointer,
            )
        )
        return None
    found = _misfits(dynamic, entry, pointer)
    problems.extend(found)
    default: Json = None if dynamic.type is Change.FILTER else True
    return None if found else (dynamic, entry.get("value", default))


def _known(declared: Sequence[DynamicParameter]) -> str:
    known = [f"{d.type.value} on {d.reference}" for d in declared]
    return f"It has {', '.join(known)}." if known else "It has none."


def _misfits(
    dynamic: DynamicParameter, entry: Mapping[str, Json], pointer: str
) -> list[PenstockError]:
    problems: list[PenstockError] = [
        UnknownKeyError(
            f"Unknown key {key!r}.",
            hint=suggestion(key, _ENTRY) or f"The keys here are {', '.join(_ENTRY)}.",
            pointer=f"{pointer}/{escape(key)}",
        )
        for key in entry
        if key not in _ENTRY
    ]
    if entry.get("transform", dynamic.transform) != dynamic.transform:
        problems.append(
            InvalidParameterError(
                f"The transformer on {dynamic.reference!r} is {dynamic.transform!r}.",
                hint="Leave 'transform' out.",
                pointer=f"{pointer}/transform",
            )
        )
    if dynamic.type is Change.FILTER and "value" not in entry:
        problems.append(
            InvalidParameterError(
                f"The filter on {dynamic.reference!r} has no value.", pointer=pointer
            )
        )
    return problems


_ENTRY: Final = ("type", "reference", "transform", "value", "params")


def _add_filter(query: dict[str, Json], dynamic: DynamicParameter, value: Json) -> None:
    """Require the new condition beside whatever the query filters already."""
    operator = "between" if dynamic.is_range else "in"
    condition: Json = {dynamic.attribute: {operator: value}}
    before = query.get("filter")
    if not isinstance(before, Mapping) or not before:
        query["filter"] = condition
        return
    parts = before.get("and")
    known = parts if isinstance(parts, list) and len(before) == 1 else [before]
    query["filter"] = {"and": [*known, condition]}


def _add_scale(query: dict[str, Json], dynamic: DynamicParameter, value: Json) -> None:
    """Group by the reference as well (`true`), by a granularity of it, or by the names given."""
    if isinstance(value, str) and value in GRANULARITIES:
        names: list[Json] = [f"{dynamic.reference}:{value}"]
    elif isinstance(value, bool):
        names = [dynamic.reference] if value else []
    else:
        names = value if isinstance(value, list) else [value]
    section = _section(query, "scale")
    fields = section.get("fields")
    known = fields if isinstance(fields, list) else []
    query["scale"] = {**section, "fields": [*known, *(n for n in names if n not in known)]}


def _add_field(query: dict[str, Json], dynamic: DynamicParameter, value: Json) -> None:
    """Compute the reference as well: listed (`true`), or by the computes given."""
    if value is False:
        return
    asked: list[Json] = value if isinstance(value, list) else [value]
    computes: list[Json] = ["select"] if value is True else asked
    section = _section(query, "data")
    fields = section.get("fields")
    known = fields if isinstance(fields, Mapping) else {}
    before = known.get(dynamic.reference)
    kept = before if isinstance(before, list) else []
    merged = [*kept, *(c for c in computes if c not in kept)]
    query["data"] = {**section, "fields": {**known, dynamic.reference: merged}}


def _section(query: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    section = query.get(name)
    return section if isinstance(section, Mapping) else {}


def change_query(query: dict[str, Json], dynamic: DynamicParameter, value: Json) -> None:
    """Make one change, in place."""
    _TRANSFORMERS[dynamic.transform](query, dynamic, value)


_TRANSFORMERS: Final[Mapping[str, Callable[[dict[str, Json], DynamicParameter, Json], None]]] = {
    "filter": _add_filter,
    "scale": _add_scale,
    "data": _add_field,
}

TRANSFORMERS: Final = tuple(_TRANSFORMERS)
