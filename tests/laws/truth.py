"""Filters as SQL's three-valued logic says: true, false, or unknown (None)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, TypeAlias, cast

from laws.values import PERIODS, Cell, read_value
from penstock.model.types import DataType
from penstock.query.types import Json

Truth: TypeAlias = "bool | None"
Filter: TypeAlias = Mapping[str, Json]


def _as_it_is(cell: Cell) -> Cell:
    return cell


@dataclass(frozen=True)
class Subject:
    """What is compared, of which type, and how far back the values are that it is compared with."""

    cell: Cell
    type: DataType
    back: Callable[[Cell], Cell] = _as_it_is

    def value(self, raw: Json) -> Cell:
        return self.back(read_value(raw, self.type))


Find: TypeAlias = Callable[[str], Subject]

_NEGATIVE: Final = {
    "is_not_null": "is_null",
    "not_equal": "eq",
    "neq": "eq",
    "not_in": "in",
    "not_between": "between",
    "not_like": "like",
}


def holds(filter_: Filter, find: Find) -> bool:
    """Whether a filter is true; unknown is not enough."""
    return truth_of(filter_, find) is True


def truth_of(filter_: Filter, find: Find) -> Truth:
    return _all(_entry(name, condition, find) for name, condition in filter_.items())


def _entry(name: str, condition: Json, find: Find) -> Truth:
    if name == "and":
        return _all(truth_of(part, find) for part in cast("Sequence[Filter]", condition))
    if name == "or":
        return _any(truth_of(part, find) for part in cast("Sequence[Filter]", condition))
    if name == "not":
        return _not(truth_of(cast("Filter", condition), find))
    return tested(condition, find(name))


def tested(condition: Json, subject: Subject) -> Truth:
    """Return whether a condition on one value is true."""
    if isinstance(condition, Mapping):
        return _all(_operated(word.lower(), raw, subject) for word, raw in condition.items())
    return _operated("in" if isinstance(condition, list) else "eq", condition, subject)


def _all(truths: Iterable[Truth]) -> Truth:
    found = list(truths)
    if False in found:
        return False
    return None if None in found else True


def _any(truths: Iterable[Truth]) -> Truth:
    found = list(truths)
    if True in found:
        return True
    return None if None in found else False


def _not(truth: Truth) -> Truth:
    return None if truth is None else not truth


def _operated(word: str, raw: Json, subject: Subject) -> Truth:
    if word in _NEGATIVE:
        return _not(_operated(_NEGATIVE[word], raw, subject))
    if word == "is_null":
        return subject.cell is None
    if word == "in":
        return _among(raw if isinstance(raw, list) else [raw], subject)
    return None if subject.cell is None else _COMPARED[word](subject, raw)


def _is_between(subject: Subject, raw: Json) -> bool:
    low, high = raw.split(",") if isinstance(raw, str) else cast("Sequence[Json]", raw)
    return not _is_less(subject, low) and not _is_more(subject, high)


def _among(raw: Sequence[Json], subject: Subject) -> Truth:
    """A null among the values keeps the nulls; without one, a null is like nothing known."""
    if subject.cell is None:
        if None in raw:
            return True
        return None if raw else False
    return any(subject.cell == subject.value(item) for item in raw if item is not None)


def _is_during(subject: Subject, raw: Json) -> bool:
    first, after = (cast("date", subject.back(day)) for day in PERIODS[str(raw)])
    at = subject.cell
    day = at.date() if isinstance(at, datetime) else cast("date", at)
    return first <= day < after


def _is_less(subject: Subject, raw: Json) -> bool:
    return cast("float", subject.cell) < cast("float", subject.value(raw))


def _is_more(subject: Subject, raw: Json) -> bool:
    return cast("float", subject.cell) > cast("float", subject.value(raw))


def _like(subject: Subject, raw: Json, flags: re.RegexFlag) -> bool:
    wild = {"%": ".*", "_": "."}
    text = "".join(wild.get(letter, re.escape(letter)) for letter in str(raw))
    return re.fullmatch(text, str(subject.cell), re.DOTALL | flags) is not None


_COMPARED: Final[Mapping[str, Callable[[Subject, Json], bool]]] = {
    "eq": lambda subject, raw: subject.cell == subject.value(raw),
    "equal": lambda subject, raw: subject.cell == subject.value(raw),
    "during": _is_during,
    "between": _is_between,
    "lt": _is_less,
    "gt": _is_more,
    "lte": lambda subject, raw: not _is_more(subject, raw),
    "gte": lambda subject, raw: not _is_less(subject, raw),
    "like": lambda subject, raw: _like(subject, raw, re.RegexFlag(0)),
    "ilike": lambda subject, raw: _like(subject, raw, re.IGNORECASE),
    "contains": lambda subject, raw: str(raw) in str(subject.cell),
    "starts_with": lambda subject, raw: str(subject.cell).startswith(str(raw)),
    "ends_with": lambda subject, raw: str(subject.cell).endswith(str(raw)),
}
