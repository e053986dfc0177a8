"""Every granularity of every type that has a date in it, beside Python's own calendar."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from contract.asking import ask, compile_question, read, rows
from contract.data import THINGS
from penstock.engine.types import Engine
from penstock.query.types import Json

Moment = dt.datetime


def first_of(months: int) -> Callable[[Moment], dt.date]:
    return lambda m: dt.date(m.year, (m.month - 1) // months * months + 1, 1)


CUTS: dict[str, Callable[[Moment], object]] = {
    "second": lambda m: m.replace(microsecond=0),
    "minute": lambda m: m.replace(second=0, microsecond=0),
    "hour": lambda m: m.replace(minute=0, second=0, microsecond=0),
    "day": lambda m: m.date(),
    "week": lambda m: m.date() - dt.timedelta(days=m.weekday()),
    "month": first_of(1),
    "quarter": first_of(3),
    "semester": first_of(6),
    "year": first_of(12),
    "weekday": lambda m: m.isoweekday(),
    "month_of_year": lambda m: m.month,
    "hour_of_day": lambda m: m.hour,
    "day_of_month": lambda m: m.day,
}
OF_A_DAY = ("second", "minute", "hour", "hour_of_day")
CASES = [
    (attribute, cut)
    for attribute in ("day", "at", "at_tz")
    for cut in CUTS
    if not (attribute == "day" and cut in OF_A_DAY)
]


def values_of(attribute: str) -> list[Moment | None]:
    place = list(THINGS.columns).index(attribute)
    found = cast("list[dt.date | None]", [row[place] for row in THINGS.rows])
    return [
        v if isinstance(v, dt.datetime) or v is None else dt.datetime.combine(v, dt.time())
        for v in found
    ]


def found(engine: Engine, query: Mapping[str, Json]) -> dict[object, object]:
    return {row[0]: row[1] for row in ask(engine, THINGS, query)}


def grouped(attribute: str, cut: str) -> dict[object, int]:
    groups: dict[object, int] = {}
    for value in values_of(attribute):
        key = None if value is None else CUTS[cut](value)
        groups[key] = groups.get(key, 0) + 1
    return groups


@pytest.mark.parametrize(("attribute", "cut"), CASES, ids=[f"{c[1]} of {c[0]}" for c in CASES])
def test_a_granularity_cuts_as_the_calendar_does(engine: Engine, attribute: str, cut: str) -> None:
    query: Mapping[str, Json] = {
        "data": {"fields": {"id": ["count"]}},
        "scale": {"fields": [f"{attribute}:{cut}"]},
    }

    assert found(engine, query) == grouped(attribute, cut)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize("cut", ["hour", "day", "week", "month", "hour_of_day"])
def test_a_time_zone_moves_moments_to_its_own_days(engine: Engine, cut: str, zone: str) -> None:
    query: Mapping[str, Json] = {
        "data": {"fields": {"id": ["count"]}},
        "scale": {"fields": [f"at_tz:{cut}"]},
        "timezone": zone,
    }
    groups: dict[object, int] = {}
    for value in values_of("at_tz"):
        key = None if value is None else CUTS[cut](value.astimezone(ZoneInfo(zone)))
        key = key.astimezone(dt.UTC) if isinstance(key, dt.datetime) else key
        groups[key] = groups.get(key, 0) + 1

    assert found(engine, query) == groups


@pytest.mark.parametrize("scale", ["month", "quarter", "semester", "year"])
def test_evolution_finds_the_period_before(engine: Engine, scale: str) -> None:
    query: Mapping[str, Json] = {
        "data": {"fields": {"id": ["count"]}},
        "scale": {"fields": [f"day:{scale}"]},
        "evol": {"scale": scale, "depth": 2},
        "filter": {"day": {"between": ["2000-01-01", "2013-12-31"]}},
        "order": {f"day:{scale}": "asc"},
    }
    months = {"month": 1, "quarter": 3, "semester": 6, "year": 12}[scale]
    # All rows of the table: the filter goes back too.
    now = grouped("day", scale)

    answered = ask(engine, THINGS, query)

    assert len(answered) > 1
    for key, count, *before in answered:
        assert isinstance(key, dt.date)
        assert count == now[key]
        assert before == [now.get(earlier(key, months * back)) for back in (1, 2)]


def earlier(day: dt.date, months: int) -> dt.date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return dt.date(year, month + 1, day.day)


@pytest.mark.parametrize(("mode", "before"), [("date", "2011-02-28"), ("weekday", "2011-03-02")])
def test_a_leap_day_has_a_day_before_it(engine: Engine, mode: str, before: str) -> None:
    query: Mapping[str, Json] = {
        "data": {"fields": {"id": ["count"]}},
        "scale": {"fields": ["day"]},
        "evol": {"scale": "year", "mode": mode, "depth": 1},
        "filter": {"day": "2012-02-29"},
    }
    statement = compile_question(engine, THINGS, query)

    assert dt.date.fromisoformat(before) in statement.parameters
    assert rows(read(engine, statement)) == [(dt.date(2012, 2, 29), 1, None)]
