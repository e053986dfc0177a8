"""Dates and times as SQLite keeps them: text in ISO form. Each function is lent to its SQL."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

Text: TypeAlias = str | None

_DATE: Final = 10  # characters
_YEAR: Final = 12
_ENOUGH: Final = 9999


def read_moment(text: str) -> datetime:
    """Read a date or time in ISO form. Raises ValueError for anything else."""
    return datetime.fromisoformat(text)


def write_moment(moment: datetime) -> str:
    """Return `2013-01-31 10:00:00`, with six digits of a second where there are any."""
    return str(moment.replace(tzinfo=None))


def timestamp(text: Text) -> Text:
    """Return a time without a zone, written in the one way that can be compared as text."""
    return None if text is None else write_moment(read_moment(text))


def utc(text: Text) -> Text:
    """Return a moment in UTC; where none is written, that is the zone."""
    if text is None:
        return None
    moment = read_moment(text)
    return write_moment(moment if moment.tzinfo is None else moment.astimezone(UTC))


def zoned(text: Text, zone: str) -> Text:
    """Return a moment of UTC as the clocks of a zone show it."""
    if text is None:
        return None
    return write_moment(read_moment(text).replace(tzinfo=UTC).astimezone(_zone(zone)))


def moment(text: Text, zone: str) -> Text:
    """Return in UTC the moment at which the clocks of a zone show this."""
    if text is None:
        return None
    return write_moment(read_moment(text).replace(tzinfo=_zone(zone)).astimezone(UTC))


def only_date(text: Text) -> Text:
    return None if text is None else str(read_moment(text).date())


def only_time(text: Text) -> Text:
    if text is None:
        return None
    return str(read_moment(text).time() if len(text) > _DATE and "-" in text else _clock(text))


def part(unit: str, text: Text) -> int | None:
    """Return what EXTRACT does; weeks are ISO's, and Sunday is 0."""
    return None if text is None else _PARTS[unit](read_moment(text))


def start(unit: str, text: Text) -> Text:
    """Return what DATE_TRUNC does."""
    if text is None:
        return None
    found = _STARTS[unit](read_moment(text))
    return str(found.date()) if len(text) == _DATE else write_moment(found)


def moved(text: Text, amount: float | None, unit: str) -> Text:
    """Return a date or time so much later, a month's last day at most."""
    if text is None or amount is None:
        return None
    found, count = read_moment(text), int(amount)
    found = _add_months(found, count * _MONTHS[unit]) if unit in _MONTHS else (
        found + count * _LENGTHS[unit]
    )  # fmt: skip
    is_date = len(text) == _DATE and unit not in _CLOCKS
    return str(found.date()) if is_date else write_moment(found)


def difference(later: Text, earlier: Text, unit: str) -> int | None:
    """Return how many times a unit began between two moments."""
    if later is None or earlier is None:
        return None
    ends = [_STARTS[unit](read_moment(text)) for text in (later, earlier)]
    if unit in _MONTHS:
        months = [end.year * _YEAR + end.month for end in ends]
        return (months[0] - months[1]) // _MONTHS[unit]
    return (ends[0] - ends[1]) // _LENGTHS[unit]


def last_day(text: Text) -> Text:
    if text is None:
        return None
    found = read_moment(text).date()
    return str(found.replace(day=monthrange(found.year, found.month)[1]))


def _clock(text: str) -> time:
    return time.fromisoformat(text)


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _add_months(found: datetime, months: int) -> datetime:
    year, month = divmod(found.year * _YEAR + found.month - 1 + months, _YEAR)
    if not date.min.year <= year <= _ENOUGH:
        raise OverflowError(months)
    day = min(found.day, monthrange(year, month + 1)[1])
    return found.replace(year=year, month=month + 1, day=day)


def _midnight(found: datetime) -> datetime:
    return found.replace(hour=0, minute=0, second=0, microsecond=0)


def _first_of(months: int) -> Callable[[datetime], datetime]:
    def cut(found: datetime) -> datetime:
        month = (found.month - 1) // months * months + 1
        return _midnight(found.replace(month=month, day=1))

    return cut


_MONTHS: Final = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
_CLOCKS: Final = frozenset({"HOUR", "MINUTE", "SECOND"})
_LENGTHS: Final = {
    "WEEK": timedelta(weeks=1),
    "DAY": timedelta(days=1),
    "HOUR": timedelta(hours=1),
    "MINUTE": timedelta(minutes=1),
    "SECOND": timedelta(seconds=1),
}
_STARTS: Final[dict[str, Callable[[datetime], datetime]]] = {
    "YEAR": _first_of(12),
    "QUARTER": _first_of(3),
    "MONTH": _first_of(1),
    "WEEK": lambda found: _midnight(found - timedelta(days=found.weekday())),
    "DAY": _midnight,
    "HOUR": lambda found: found.replace(minute=0, second=0, microsecond=0),
    "MINUTE": lambda found: found.replace(second=0, microsecond=0),
    "SECOND": lambda found: found.replace(microsecond=0),
}
_PARTS: Final[dict[str, Callable[[datetime], int]]] = {
    "YEAR": lambda found: found.year,
    "QUARTER": lambda found: (found.month + 2) // 3,
    "MONTH": lambda found: found.month,
    "WEEK": lambda found: found.isocalendar().week,
    "DAY": lambda found: found.day,
    "DOW": lambda found: found.isoweekday() % 7,
    "DOY": lambda found: found.timetuple().tm_yday,
    "HOUR": lambda found: found.hour,
    "MINUTE": lambda found: found.minute,
    "SECOND": lambda found: found.second,
    "EPOCH": lambda found: int(found.replace(tzinfo=UTC).timestamp()),
}
