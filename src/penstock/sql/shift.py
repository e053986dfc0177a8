"""A date or a time → so many days or months earlier, as every engine's calendar has it."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

from penstock.plan.types import Shift
from penstock.query.types import Granularity
from penstock.sql.types import Bound

_YEAR = 12


def go_back(value: Bound, shift: Shift) -> Bound:
    """Return the value so much earlier: 31 March less a month is the last day of February.

    Before the first day of the calendar there is none: it stays there.
    """
    if not isinstance(value, date):  # a datetime is one
        return value
    if shift.unit is Granularity.DAY:
        days = min(shift.amount, value.toordinal() - 1)
        return value - timedelta(days=days)
    months = value.year * _YEAR + value.month - 1 - shift.amount
    year, month = divmod(months, _YEAR)
    if year < date.min.year:
        return value.replace(year=1, month=1, day=1)
    day = min(value.day, monthrange(year, month + 1)[1])
    return value.replace(year=year, month=month + 1, day=day)
