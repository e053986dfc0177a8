from __future__ import annotations

from datetime import date

import pytest

from penstock.query.periods import is_period, resolve_period

TODAY = date(2013, 2, 14)  # a Thursday


@pytest.mark.parametrize(
    ("text", "first", "after"),
    [
        ("today", "2013-02-14", "2013-02-15"),
        ("yesterday", "2013-02-13", "2013-02-14"),
        ("tomorrow", "2013-02-15", "2013-02-16"),
        ("this week", "2013-02-11", "2013-02-18"),
        ("previous week", "2013-02-04", "2013-02-11"),
        ("This  Month", "2013-02-01", "2013-03-01"),
        ("previous month", "2013-01-01", "2013-02-01"),
        ("next month", "2013-03-01", "2013-04-01"),
        ("this quarter", "2013-01-01", "2013-04-01"),
        ("previous quarter", "2012-10-01", "2013-01-01"),
        ("previous semester", "2012-07-01", "2013-01-01"),
        ("next year", "2014-01-01", "2015-01-01"),
        ("last 1 day", "2013-02-14", "2013-02-15"),
        ("last 30 days", "2013-01-16", "2013-02-15"),
        ("last 2 weeks", "2013-02-04", "2013-02-18"),
        ("last 3 months", "2012-12-01", "2013-03-01"),
        ("2013", "2013-01-01", "2014-01-01"),
        ("2013-Q2", "2013-04-01", "2013-07-01"),
        ("2013-s2", "2013-07-01", "2014-01-01"),
        ("2013-02", "2013-02-01", "2013-03-01"),
        ("2013-12", "2013-12-01", "2014-01-01"),
        ("2013-W01", "2012-12-31", "2013-01-07"),
        ("2012-02-29", "2012-02-29", "2012-03-01"),
    ],
)
def test_a_period_is_from_a_day_to_the_day_after_it(text: str, first: str, after: str) -> None:
    assert resolve_period(text, TODAY) == (date.fromisoformat(first), date.fromisoformat(after))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "last month",
        "last 0 days",
        "last 10000 days",
        "2013-13",
        "2013-Q5",
        "2013-W54",
        "0000",
        "2013-02-30",
        "this moon",
        "20130214",
        "2013-2",
        "last -1 days",
        "²013",
    ],
)
def test_what_is_no_period_is_refused(text: str) -> None:
    assert not is_period(text)
