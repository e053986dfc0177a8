"""Numbers that are stored as floats, calculated with as they were written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.engine.sqlite import exact
from penstock.engine.sqlite.functions import lend_functions

prices = st.decimals(-99_999, 99_999, places=2).map(lambda price: price + 0)
Calculating = Callable[[float | None, float | None], float | int | None]


@pytest.fixture
def lent() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        lend_functions(connection)
        connection.execute("CREATE TABLE t (n INTEGER, a DECIMAL(12, 2))")
        yield connection


@given(left=prices, right=prices)
def test_prices_are_calculated_with_as_on_paper(left: Decimal, right: Decimal) -> None:
    one, other = float(left), float(right)

    assert exact.add(one, other) == float(left + right)
    assert exact.subtract(one, other) == float(left - right)
    assert exact.multiply(one, other) == float(left * right)
    assert exact.remainder(one, other) == (float(left % right) if right else None)


@pytest.mark.parametrize("calculate", [exact.add, exact.subtract, exact.multiply, exact.remainder])
def test_nothing_is_calculated_of_null(calculate: Calculating) -> None:
    assert calculate(None, 1.5) is None
    assert calculate(1.5, None) is None


def test_a_remainder_by_zero_is_null() -> None:
    assert exact.remainder(1.5, 0) is None


@given(st.lists(st.none() | prices, max_size=30))
def test_a_sum_is_that_of_the_decimals(values: list[Decimal | None]) -> None:
    summed, mean = exact.Sum(), exact.Mean()
    for value in values:
        for each in (summed, mean):
            each.step(None if value is None else float(value))
    there = [value for value in values if value is not None]

    assert summed.finalize() == (float(sum(there)) if there else None)
    assert mean.finalize() == (float(sum(there) / len(there)) if there else None)


@given(st.lists(prices, min_size=3, max_size=20))
def test_what_leaves_the_frame_of_a_window_leaves_nothing_behind(values: list[Decimal]) -> None:
    sliding = exact.Sum()
    for value in [1e15, *map(float, values)]:
        sliding.step(value)
    sliding.inverse(1e15)

    assert sliding.value() == float(sum(values))


def test_whole_numbers_of_more_than_fifteen_digits_are_summed_exactly() -> None:
    summed = exact.Sum()
    summed.step(1_234_567_890_123_456)
    summed.step(1)

    assert summed.finalize() == 1_234_567_890_123_457


def test_a_sum_that_no_number_holds_is_an_error() -> None:
    summed = exact.Sum()
    summed.step(123_456_789_012_345.0)
    summed.step(0.25)

    with pytest.raises(OverflowError):
        summed.finalize()


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("penstock_sum(a)", [0.1, 0.2, 0.3, 0.3]),
        ("penstock_avg(a)", [0.1, 0.1, 0.1, 0.1]),
        ("penstock_percentile(a, 0.5)", [0.1, 0.1, 0.1, 0.1]),
        ("penstock_variance_pop(a)", [0, 0, 0, 0]),
    ],
)
def test_what_is_lent_can_look_through_a_window(
    lent: sqlite3.Connection, function: str, expected: list[float]
) -> None:
    lent.executemany("INSERT INTO t VALUES (?, ?)", [(n, 0.1) for n in range(4)])
    frame = "ORDER BY n ROWS BETWEEN 2 PRECEDING AND CURRENT ROW"
    found = [row[0] for row in lent.execute(f"SELECT {function} OVER ({frame}) FROM t")]

    assert found == pytest.approx(expected, abs=1e-16)
