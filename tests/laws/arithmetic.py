"""What computes give of the cells of a group, and what granularities make of a date."""

from __future__ import annotations

import calendar
import statistics
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final, TypeAlias, cast

from laws.values import Cell

Present: TypeAlias = Sequence[Cell]


def compute(word: str, cells: Sequence[Cell]) -> Cell:
    """Return a compute of a group's cells; nulls do not count."""
    present = [cell for cell in cells if cell is not None]
    if word in _COUNTS:
        return len(present if word == "count" else set(present))
    if not present:
        return None
    if word in _CHOSEN:
        return _CHOSEN[word](present)
    numbers = [Fraction(cast("float", cell)) for cell in present]
    if word in _NUMERIC:
        return _NUMERIC[word](numbers)
    return _percentile(numbers, Fraction(int(word.removeprefix("p")), 100))


_COUNTS: Final = ("count", "count_distinct", "count_approx_distinct")


def _least(present: Present) -> Cell:
    return min(cast("list[float]", present))


def _sum(present: Present) -> Cell:
    if isinstance(present[0], Decimal):
        return sum(cast("list[Decimal]", present), Decimal(0))
    if isinstance(present[0], float):
        return float(sum(Fraction(cast("float", cell)) for cell in present))
    return sum(cast("list[int]", present))


def _variance(found: list[Fraction]) -> Cell:
    return float(statistics.variance(found)) if len(found) > 1 else None


def _stddev(found: list[Fraction]) -> Cell:
    return float(statistics.variance(found)) ** 0.5 if len(found) > 1 else None


def _percentile(found: list[Fraction], share: Fraction) -> Cell:
    """Return the continuous percentile: between two values, as far as the share says."""
    ordered = sorted(found)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below] + (ordered[above] - ordered[below]) * (place - below))


_CHOSEN: Final[Mapping[str, Callable[[Present], Cell]]] = {
    "select": _least,
    "select_distinct": _least,
    "min": _least,
    "max": lambda present: max(cast("list[float]", present)),
    "sum": _sum,
}

_NUMERIC: Final[Mapping[str, Callable[[list[Fraction]], Cell]]] = {
    "avg": lambda found: float(sum(found) / len(found)),
    "median": lambda found: _percentile(found, Fraction(1, 2)),
    "variance": _variance,
    "stddev": _stddev,
}


def cut(granularity: str, cell: Cell) -> Cell:
    """Return a date cut short, or a number out of it."""
    return None if cell is None else _CUTS[granularity](_moment(cell))


def _moment(cell: Cell) -> datetime:
    if isinstance(cell, datetime):
        return cell
    assert isinstance(cell, date)
    return datetime.fromisoformat(str(cell))


_CUTS: Final[Mapping[str, Callable[[datetime], Cell]]] = {
    "second": lambda at: at.replace(microsecond=0),
    "minute": lambda at: at.replace(second=0, microsecond=0),
    "hour": lambda at: at.replace(minute=0, second=0, microsecond=0),
    "day": datetime.date,
    "week": lambda at: at.date() - timedelta(days=at.isoweekday() - 1),
    "month": lambda at: date(at.year, at.month, 1),
    "quarter": lambda at: date(at.year, at.month - (at.month - 1) % 3, 1),
    "semester": lambda at: date(at.year, 1 if at.month <= 6 else 7, 1),
    "year": lambda at: date(at.year, 1, 1),
    "weekday": lambda at: at.isoweekday(),
    "month_of_year": lambda at: at.month,
    "hour_of_day": lambda at: at.hour,
    "day_of_month": lambda at: at.day,
}


_MONTHS: Final = {"month": 1, "quarter": 3, "semester": 6, "year": 12}
_WEEKS: Final = {"weekday": 1, "week": 1, "month": 4, "quarter": 13, "semester": 26, "year": 52}


def back(cell: Cell, scale: str, mode: str, periods: int) -> Cell:
    """Return a date or time some periods earlier: the same date, or the same day of the week."""
    if not isinstance(cell, date):
        return cell
    if mode == "weekday" or scale not in _MONTHS:
        return cell - timedelta(weeks=_WEEKS[scale] * periods)
    months = cell.year * 12 + cell.month - 1 - _MONTHS[scale] * periods
    year, month = months // 12, months % 12 + 1
    last = calendar.monthrange(year, month)[1]
    return cell.replace(year=year, month=month, day=min(cell.day, last))
