"""Filters as SQL's three-valued logic says, in plain Python: slow, short, and easy to believe."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Final, TypeAlias, cast

from penstock.query.types import Json

Scalar: TypeAlias = "bool | int | float | str | date"
Record: TypeAlias = Mapping[str, "Scalar | None"]
Truth: TypeAlias = "bool | None"
Filter: TypeAlias = Mapping[str, Json]


def holds(filter_: Filter, record: Record) -> bool:
    """Whether a row passes a filter: unknown is not enough."""
    return _filter(filter_, record) is True


def _filter(filter_: Filter, record: Record) -> Truth:
    return _every(_entry(name, condition, record) for name, condition in filter_.items())


def _entry(name: str, condition: Json, record: Record) -> Truth:
    if name == "and":
        return _every(_filter(part, record) for part in cast("Sequence[Filter]", condition))
    if name == "or":
        parts = (_filter(part, record) for part in cast("Sequence[Filter]", condition))
        return _negated(_every(_negated(truth) for truth in parts))
    if name == "not":
        return _negated(_filter(cast("Filter", condition), record))
    cell = record[name]
    if isinstance(condition, Mapping):
        return _every(_tested(word, value, cell) for word, value in condition.items())
    return _tested("in" if isinstance(condition, list) else "eq", condition, cell)


def _every(truths: Iterable[Truth]) -> Truth:
    found = list(truths)
    if False in found:
        return False
    return None if None in found else True


def _negated(truth: Truth) -> Truth:
    return None if truth is None else not truth


_OPPOSITES: Final = {
    "is_not_null": "is_null",
    "not_equal": "eq",
    "neq": "eq",
    "not_in": "in",
    "not_between": "between",
    "not_like": "like",
}


def _tested(word: str, value: Json, cell: Scalar | None) -> Truth:
    if word in _OPPOSITES:
        return _negated(_tested(_OPPOSITES[word], value, cell))
    if word == "is_null":
        return cell is None
    if word == "in":
        return _among(cast("Sequence[Json]", value), cell)
    return None if cell is None else _COMPARED[word](cell, value)


def _among(values: Sequence[Json], cell: Scalar | None) -> Truth:
    if cell is not None:
        return any(value is not None and _compare(cell, value) == 0 for value in values)
    if None in values:
        return True
    return None if values else False


def _compare(cell: Scalar, value: Json) -> int:
    """Return -1, 0 or 1, as the cell is less than, equal to or greater than the value."""
    if isinstance(cell, str):
        ours, theirs = cell, str(value)
        return (ours > theirs) - (ours < theirs)
    if isinstance(cell, date):
        day = date.fromisoformat(str(value))
        return (cell > day) - (cell < day)
    number = cast("float", value)
    return (cell > number) - (cell < number)


def _is_between(cell: Scalar, value: Json) -> bool:
    low, high = cast("Sequence[Json]", value)
    return _compare(cell, low) >= 0 and _compare(cell, high) <= 0


def _is_like(cell: Scalar, pattern: Json, flags: re.RegexFlag = re.DOTALL) -> bool:
    wild = {"%": ".*", "_": "."}
    text = "".join(wild.get(letter, re.escape(letter)) for letter in str(pattern))
    return re.fullmatch(text, str(cell), flags) is not None


_COMPARED: Final[Mapping[str, Callable[[Scalar, Json], bool]]] = {
    "eq": lambda cell, value: _compare(cell, value) == 0,
    "equal": lambda cell, value: _compare(cell, value) == 0,
    "gt": lambda cell, value: _compare(cell, value) > 0,
    "gte": lambda cell, value: _compare(cell, value) >= 0,
    "lt": lambda cell, value: _compare(cell, value) < 0,
    "lte": lambda cell, value: _compare(cell, value) <= 0,
    "between": _is_between,
    "like": _is_like,
    "ilike": lambda cell, value: _is_like(cell, value, re.DOTALL | re.IGNORECASE),
    "contains": lambda cell, value: str(value) in str(cell),
    "starts_with": lambda cell, value: str(cell).startswith(str(value)),
    "ends_with": lambda cell, value: str(cell).endswith(str(value)),
}
