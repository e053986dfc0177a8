from __future__ import annotations

from datetime import UTC, date, datetime

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.plan.types import Shift
from penstock.query.types import Granularity
from penstock.sql.shift import go_back
from penstock.sql.types import Bound


def months(amount: int) -> Shift:
    return Shift(amount, Granularity.MONTH)


@pytest.mark.parametrize(
    ("day", "amount", "before"),
    [
        (date(2012, 2, 29), 12, date(2011, 2, 28)),
        (date(2013, 2, 28), 12, date(2012, 2, 28)),
        (date(2013, 3, 31), 1, date(2013, 2, 28)),
        (date(2013, 1, 15), 3, date(2012, 10, 15)),
        (datetime(2012, 2, 29, 23, 59, tzinfo=UTC), 48, datetime(2008, 2, 29, 23, 59, tzinfo=UTC)),
    ],
)
def test_a_month_ends_where_the_calendar_says(day: Bound, amount: int, before: Bound) -> None:
    assert go_back(day, months(amount)) == before


@given(st.dates(min_value=date(1800, 1, 1), max_value=date(2200, 12, 31)), st.integers(1, 120))
def test_the_database_goes_back_alike(day: date, amount: int) -> None:
    found = duckdb.execute(
        f"SELECT CAST($1::DATE - INTERVAL '{amount}' MONTH AS DATE)",
        [day],
    ).fetchone()

    assert found == (go_back(day, months(amount)),)


@pytest.mark.parametrize("shift", [months(1), Shift(40, Granularity.DAY)])
def test_nothing_is_before_the_first_day_of_the_calendar(shift: Shift) -> None:
    assert go_back(date(1, 1, 5), shift) == date(1, 1, 1)
