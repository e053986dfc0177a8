"""Every compute, of the whole table and of groups, with nulls among the values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from statistics import stdev, variance

import pytest

from contract.asking import Row, ask
from contract.data import EMPTY, THINGS
from penstock.engine.types import Engine
from penstock.errors import ResultOverflowError
from penstock.model.types import DataType
from penstock.query.types import Json

WHOLE = [30000.0, -7.0, 7.0, 0.0, 7.0]
PRICES = [19.99, 0.01, 5.0, -7.25, 0.1]

CASES: list[tuple[str, str, object]] = [
    ("whole", "sum", 30007),
    ("big", "sum", 2**53 + 2),
    ("ratio", "sum", 1236.750000001),
    ("price", "sum", Decimal("17.8500")),
    ("whole", "avg", 6001.4),
    ("price", "avg", 3.57),
    ("ratio", "avg", 247.3500000002),
    ("whole", "min", -7),
    ("price", "max", Decimal("19.9900")),
    ("name", "min", ""),
    ("name", "max", "É'\"\\;--"),
    ("ok", "min", False),
    ("ok", "max", True),
    ("day", "min", dt.date(1969, 7, 20)),
    ("at", "max", dt.datetime.fromisoformat("2024-07-01")),
    ("at_tz", "max", dt.datetime(2024, 7, 1, tzinfo=dt.UTC)),
    ("clock", "min", dt.time(0)),
    ("whole", "count", 5),
    ("doc", "count", 5),
    ("whole", "count_distinct", 4),
    ("kind", "count_distinct", 3),
    ("ok", "count_distinct", 2),
    ("whole", "count_approx_distinct", 4),
    ("whole", "median", 7.0),
    ("price", "median", 0.1),
    ("whole", "p90", 18002.8),
    ("price", "p99", 19.3904),
    ("whole", "stddev", stdev(WHOLE)),
    ("whole", "variance", variance(WHOLE)),
    ("price", "variance", variance(PRICES)),
    ("name", "select", ""),
]


@pytest.mark.parametrize(
    ("attribute", "compute", "expected"), CASES, ids=[f"{c[1]} of {c[0]}" for c in CASES]
)
def test_a_compute_leaves_nulls_out(
    engine: Engine, attribute: str, compute: str, expected: object
) -> None:
    fields = {attribute: [compute], "id": ["count"]}

    ((found, rows),) = ask(engine, THINGS, {"data": {"fields": fields}})

    assert rows == 6
    assert type(found) is type(expected)
    assert found == (pytest.approx(expected, rel=1e-9) if isinstance(found, float) else expected)


def test_groups_have_their_own_computes(engine: Engine) -> None:
    query: Mapping[str, Json] = {
        "data": {"fields": {"whole": ["sum", "avg", "median"], "price": ["sum"], "id": ["count"]}},
        "scale": {"fields": ["kind"]},
        "order": {"kind": "asc"},
    }

    assert ask(engine, THINGS, query) == [
        ("x", 29993, 14996.5, 14996.5, Decimal("20.0000"), 2),
        ("y", 7, 3.5, 3.5, Decimal("-2.2500"), 3),
        ("z", 7, 7.0, 7.0, Decimal("0.1000"), 1),
    ]


def test_a_table_without_rows_has_no_sums_and_counts_nothing(engine: Engine) -> None:
    fields = {"id": ["count", "sum"], "price": ["sum", "avg"], "day": ["min"]}

    assert ask(engine, EMPTY, {"data": {"fields": fields}}) == [(0, None, None, None, None)]


def test_a_variance_of_one_value_is_null(engine: Engine) -> None:
    query: Mapping[str, Json] = {
        "data": {"fields": {"id": ["variance", "stddev"]}},
        "filter": {"id": 1},
    }

    assert ask(engine, THINGS, query) == [(None, None)]


def test_a_sum_that_has_no_room_is_an_error(engine: Engine) -> None:
    where = {"big": {"gt": 1000}}
    least = {"twice": ("big + big - 1", DataType.INTEGER)}

    query: Mapping[str, Json] = {"data": {"fields": {"big": ["sum"]}}, "filter": where}
    assert ask(engine, THINGS, query) == [(2**62 + 2**53 + 1,)]
    query = {"data": {"fields": {"twice": ["sum"]}}, "filter": where}
    with pytest.raises(ResultOverflowError):
        ask(engine, THINGS, query, least)


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("attribute", ["whole", "name", "day", "ok", "price"])
def test_nulls_come_last_and_texts_by_code_points(
    engine: Engine, attribute: str, direction: str
) -> None:
    place = list(THINGS.columns).index(attribute)
    values = [row[place] for row in THINGS.rows]
    there = sorted((v for v in values if v is not None), reverse=direction == "desc")  # type: ignore[type-var]  # of one type
    query: Mapping[str, Json] = {
        "data": {"fields": {attribute: ["select"], "id": ["select"]}},
        "order": {attribute: direction},
    }

    found = [row[0] for row in ask(engine, THINGS, query)]

    assert found == [*there, *[None] * (len(values) - len(there))]


FORMULAS: list[tuple[str, DataType, list[object]]] = [
    ("whole / 2", DataType.FLOAT, [15000.0, -3.5, 3.5, 0.0, None, 3.5]),
    ("whole / (id - 1)", DataType.FLOAT, [None, -7.0, 3.5, 0.0, None, 1.4]),
    ("price / 2", DataType.FLOAT, [9.995, 0.005, 2.5, -3.625, None, 0.05]),
    ("whole * 1000000", DataType.INTEGER, [30000000000, -7000000, 7000000, 0, None, 7000000]),
    ("price * 2", DataType.DECIMAL, [Decimal(s) for s in ("39.98", "0.02", "10", "-14.5")]
     + [None, Decimal("0.2")]),
    ("MOD(whole, 4)", DataType.INTEGER, [0, -3, 3, 0, None, 3]),
    ("CASE WHEN ok THEN 1 ELSE 0 END", DataType.INTEGER, [1, 0, 1, 0, 0, 1]),
    ("kind || '-' || id", DataType.STRING, ["x-1", "x-2", "y-3", "y-4", "y-5", "z-6"]),
    ("LOWER(name)", DataType.STRING,
     ["a%b", "a_b", "", "é'\"\\;--", None, "straße 日本 \U0001f600"]),
    ("COALESCE(whole, -1)", DataType.INTEGER, [30000, -7, 7, 0, -1, 7]),
    ("ABS(whole)", DataType.INTEGER, [30000, 7, 7, 0, None, 7]),
    ("EXTRACT(YEAR FROM day)", DataType.INTEGER, [2013, 2012, 2013, 1969, None, 2024]),
    ("YEAR(day) * 100 + MONTH(day)", DataType.INTEGER,
     [201301, 201202, 201312, 196907, None, 202407]),
    ("LENGTH(name)", DataType.INTEGER, [3, 3, 0, 7, None, 11]),
    ("SUBSTRING(name, 1, 2)", DataType.STRING, ["a%", "A_", "", "É'", None, "st"]),
    ("GREATEST(whole, 1)", DataType.INTEGER, [30000, 1, 7, 1, 1, 7]),
    ("ROUND(ratio, 1)", DataType.FLOAT, [0.5, -1.3, 3.0, 0.0, None, 1234.5]),
    ("day + INTERVAL '1' DAY > DATE '2013-01-01'", DataType.BOOLEAN,
     [True, False, True, False, None, True]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "type_", "expected"), FORMULAS, ids=[formula[0] for formula in FORMULAS]
)
def test_a_formula_means_the_same_everywhere(
    engine: Engine, text: str, type_: DataType, expected: list[object]
) -> None:
    query: Mapping[str, Json] = {
        "data": {"fields": {"id": ["select"], "it": ["select"]}},
        "order": {"id": "asc"},
    }

    found: list[Row] = ask(engine, THINGS, query, {"it": (text, type_)})

    assert [row[1] for row in found] == [
        pytest.approx(value, rel=1e-9, abs=1e-12) if isinstance(value, float) else value
        for value in expected
    ]


def test_a_formula_of_aggregates_divides_truly(engine: Engine) -> None:
    share = {"it": ("SUM(CASE WHEN ok THEN 1 ELSE 0 END) / COUNT(id)", DataType.FLOAT)}

    assert ask(engine, THINGS, {"data": {"fields": {"it": ["select"]}}}, share) == [(0.5,)]
