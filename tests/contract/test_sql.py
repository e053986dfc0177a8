"""Questions in SQL: the same numbers from every engine as from the others."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from contract.asking import ask_sql
from contract.data import THINGS
from penstock.engine.types import Engine
from penstock.errors import ResultOverflowError
from penstock.model.types import DataType

DECIMALS: list[tuple[str, object]] = [
    ("SELECT SUM(price) FROM things", "17.85"),
    ("SELECT SUM(price) FROM things WHERE id IN (2, 6)", "0.11"),
    ("SELECT SUM(price) FILTER (WHERE kind = 'x') FROM things", "20"),
    ("SELECT SUM(DISTINCT price) FROM things", "17.85"),
    ("SELECT SUM(price + price - price) FROM things", "17.85"),
    ("SELECT SUM(price * 3) FROM things WHERE id = 6", "0.3"),
    ("SELECT SUM(p.price) FROM things p JOIN things q ON p.id >= q.id", "6.61"),
    ("WITH t AS (SELECT price * 1.5 AS p, kind FROM things) SELECT SUM(t.p) FROM t", "26.775"),
    ("SELECT SUM(s) FROM (SELECT kind, SUM(price) AS s FROM things GROUP BY kind) t", "17.85"),
    ("SELECT SUM(price) - 17.8 FROM things", "0.05"),
    ("SELECT MAX(s) FROM (SELECT SUM(price) OVER (ORDER BY id) AS s FROM things) t", "25"),
    ("SELECT SUM(total) FROM things", "17.85"),
    ("SELECT SUM(price * price) FROM things", "477.1727"),
    ("SELECT SUM(a.price) FROM things a, things b, things c WHERE a.id = 6", "3.6"),
    ("SELECT SUM(a.price * 1) FROM things a, things b, things c WHERE a.id = 6", "3.6"),
    ("SELECT COUNT(*) FROM things a, things b WHERE a.id = 6 HAVING SUM(a.price) = 0.6", "6"),
    ("SELECT MIN(a.id) FROM things a, things b WHERE a.id = 6 HAVING SUM(a.price * 3) = 1.8", "6"),
    (
        "SELECT SUM(x) FROM (SELECT price AS x FROM things UNION ALL SELECT id FROM things) t",
        "38.85",
    ),
    ("SELECT price - 0.3 FROM things WHERE id = 6", "-0.2"),
    ("SELECT MOD(price, 3) FROM things WHERE id = 1", "1.99"),
    ("SELECT ROUND(price * 1.05, 2) FROM things WHERE id = 6", "0.11"),
    ("SELECT COUNT(*) FROM things WHERE price + price + price = 0.3", "1"),
    ("SELECT COUNT(*) FROM things WHERE 3 * price = 0.03", "1"),
    ("SELECT COUNT(*) FROM things WHERE id = 6 HAVING SUM(price + price + price) = 0.3", "1"),
]
"""With whole numbers among them, and what floats have no exact number for."""


@pytest.mark.parametrize(("sql", "expected"), DECIMALS, ids=[sql for sql, _ in DECIMALS])
def test_decimals_are_exact_in_sql(engine: Engine, sql: str, expected: str) -> None:
    ((found,),) = ask_sql(engine, THINGS, sql, {"total": ("price", DataType.DECIMAL)})

    assert Decimal(str(found)) == Decimal(expected)


QUOTIENTS = [
    ("SELECT AVG(price) FROM things", 3.57),
    ("SELECT AVG(price) FROM things WHERE id IN (2, 3, 6)", 1.70333333333333),
    ("SELECT AVG(DISTINCT price) FILTER (WHERE kind = 'x') FROM things", 10.0),
    ("SELECT AVG(whole) FROM things", 6001.4),
    ("SELECT price / 2 FROM things WHERE id = 3", 2.5),
    ("SELECT price / id FROM things WHERE id = 3", 1.66666666666667),
    ("SELECT SUM(price) / 3 FROM things WHERE id = 3", 1.66666666666667),
    ("SELECT SUM(price) / COUNT(*) FROM things WHERE id IN (3, 6, 2)", 1.70333333333333),
    ("SELECT whole / 4 FROM things WHERE id = 3", 1.75),
    ("SELECT SUM(whole) / SUM(id) FROM things WHERE id IN (2, 3, 6)", 0.636363636363636),
    ("SELECT AVG(price) OVER () FROM things WHERE id = 6", 0.1),
    ("SELECT STDDEV(price) FROM things WHERE id IN (2, 6)", 0.0636396103067893),
    ("SELECT MEDIAN(price) FROM things", 0.1),
]


@pytest.mark.parametrize(("sql", "expected"), QUOTIENTS, ids=[sql for sql, _ in QUOTIENTS])
def test_a_mean_or_a_quotient_in_sql_is_a_fraction(
    engine: Engine, sql: str, expected: float
) -> None:
    ((found,),) = ask_sql(engine, THINGS, sql)

    assert float(str(found)) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT SUM(whole) FROM things", 30007),
        ("SELECT SUM(DISTINCT whole) FROM things", 30000),
        ("SELECT SUM(big) FROM things", 2**53 + 2),
        ("SELECT MAX(s) FROM (SELECT SUM(big) OVER (ORDER BY id) AS s FROM things) t", 2**62),
        ("SELECT SUM(big) FILTER (WHERE big > 1000) FROM things", 2**62 + 2**53 + 1),
    ],
)
def test_whole_numbers_are_exact_in_sql(engine: Engine, sql: str, expected: int) -> None:
    assert ask_sql(engine, THINGS, sql) == [(expected,)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT big + big FROM things WHERE id = 1",
        "SELECT big * 4 FROM things WHERE id = 2",
        "SELECT SUM(a.big) FROM things a JOIN things b ON a.id <= b.id WHERE a.big > 1000",
        "SELECT SUM(big - 1 + big) FROM things WHERE big > 1000",
        "SELECT SUM(a.big) OVER () FROM things a, things b WHERE a.big > 1000",
    ],
)
def test_a_sum_in_sql_that_has_no_room_is_an_error(engine: Engine, sql: str) -> None:
    with pytest.raises(ResultOverflowError):
        ask_sql(engine, THINGS, sql)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT CAST(at AS TIME) FROM things WHERE id = 3", dt.time(12, 30, 15)),
        ("SELECT COUNT(*) FILTER (WHERE kind = 'y') FROM things", 3),
        ("SELECT COUNT(DISTINCT kind) FILTER (WHERE price > 0) FROM things", 3),
        ("SELECT MAX(name) FILTER (WHERE id < 3) FROM things", "a%b"),
    ],
)
def test_what_every_engine_says_in_its_own_words(
    engine: Engine, sql: str, expected: object
) -> None:
    assert ask_sql(engine, THINGS, sql) == [(expected,)]


PARTS = {
    "YEAR": lambda m: m.year,
    "QUARTER": lambda m: (m.month + 2) // 3,
    "MONTH": lambda m: m.month,
    "WEEK": lambda m: m.isocalendar().week,
    "DAY": lambda m: m.day,
    "HOUR": lambda m: m.hour,
    "MINUTE": lambda m: m.minute,
    "DOW": lambda m: m.isoweekday() % 7,
    "DOY": lambda m: m.timetuple().tm_yday,
}
OF_A_DAY = ("HOUR", "MINUTE")
CALLED = ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE")
CASES = [(a, p) for a in ("day", "at", "at_tz") for p in PARTS if a != "day" or p not in OF_A_DAY]


@pytest.mark.parametrize(("attribute", "part"), CASES)
def test_a_part_of_a_moment_is_that_of_utc(engine: Engine, attribute: str, part: str) -> None:
    words = [f"EXTRACT({part} FROM {attribute})"]
    words += [f"{part}({attribute})"] if part in CALLED else []
    found = ask_sql(
        engine, THINGS, f"SELECT {', '.join(words)} FROM things WHERE {attribute} IS NOT NULL"
    )
    place = list(THINGS.columns).index(attribute)
    moments = [row[place] for row in THINGS.rows if row[place] is not None]

    expected = [PARTS[part](m if isinstance(m, dt.datetime) else _midnight(m)) for m in moments]
    assert sorted(found) == sorted((part,) * len(words) for part in expected)


def _midnight(day: object) -> dt.datetime:
    assert isinstance(day, dt.date)
    return dt.datetime.combine(day, dt.time())
