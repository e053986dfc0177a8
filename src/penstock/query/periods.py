"""A period of time in words → its first day, and the first day after it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

PERIODS_HINT: Final = (
    "Write 'last 30 days', 'this month', 'previous quarter', '2013', '2013-Q2', '2013-S1',"
    " '2013-02', '2013-W05' or '2013-02-14'."
)

_RELATIVE = re.compile(r"(this|previous|next) (day|week|month|quarter|semester|year)")
_LAST = re.compile(r"last ([1-9][0-9]{0,3}) (day|week|month|quarter|semester|year)s?")
_DAYS: Final = {"today": 0, "yesterday": -1, "tomorrow": 1}
_TURNS: Final = {"previous": -1, "this": 0, "next": 1}
_MONTHS: Final = {"month": 1, "quarter": 3, "semester": 6, "year": 12}
_YEAR = 12
_WEEK = 7

Days = tuple[date, date]


def is_period(text: str) -> bool:
    """Whether a text is a period, whatever day it is today."""
    try:
        resolve_period(text, date(2000, 6, 15))
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1024)
def resolve_period(text: str, today: date) -> Days:
    """Return the first day of a period and the first day after it.

    `last 3 months` ends with the month of `today`, `last 30 days` with today.
    Raises ValueError where the text is no period, OverflowError where the calendar ends before.
    """
    words = " ".join(text.lower().split())
    if words in _DAYS:
        return _unit("day", today, _DAYS[words])
    if found := _RELATIVE.fullmatch(words):
        return _unit(found[2], today, _TURNS[found[1]])
    if found := _LAST.fullmatch(words):
        return _unit(found[2], today, 1 - int(found[1]))[0], _unit(found[2], today, 0)[1]
    for pattern, read in _WRITTEN.items():
        if found := pattern.fullmatch(words):
            return read([int(part) for part in found.groups()])
    raise ValueError(text)


def _unit(unit: str, today: date, turns: int) -> Days:
    """Return the unit of the calendar with today in it, or so many turns from it."""
    if unit == "day":
        first = today + timedelta(days=turns)
        return first, first + timedelta(days=1)
    if unit == "week":
        first = today + timedelta(days=_WEEK * turns - today.weekday())
        return first, first + timedelta(days=_WEEK)
    size = _MONTHS[unit]
    return _months(today.year, (today.month - 1) // size * size + size * turns, size)


def _months(year: int, start: int, size: int) -> Days:
    """Return `size` months from the one numbered `start`, January being 0."""
    return _first(year, start), _first(year, start + size)


def _first(year: int, month: int) -> date:
    return date(year + month // _YEAR, month % _YEAR + 1, 1)


def _week(parts: Sequence[int]) -> Days:
    first = date.fromisocalendar(parts[0], parts[1], 1)
    return first, first + timedelta(days=_WEEK)


def _month(parts: Sequence[int]) -> Days:
    year, month = parts
    date(year, month, 1)  # a month 13 is none
    return _months(year, month - 1, 1)


def _day(parts: Sequence[int]) -> Days:
    first = date(parts[0], parts[1], parts[2])
    return first, first + timedelta(days=1)


_WRITTEN: Final[Mapping[re.Pattern[str], Callable[[Sequence[int]], Days]]] = {
    re.compile(r"([0-9]{4})"): lambda parts: _months(parts[0], 0, _YEAR),
    re.compile(r"([0-9]{4})-q([1-4])"): lambda parts: _months(parts[0], 3 * (parts[1] - 1), 3),
    re.compile(r"([0-9]{4})-s([12])"): lambda parts: _months(parts[0], 6 * (parts[1] - 1), 6),
    re.compile(r"([0-9]{4})-w([0-9]{2})"): _week,
    re.compile(r"([0-9]{4})-([0-9]{2})"): _month,
    re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})"): _day,
}
