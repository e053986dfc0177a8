"""Functions and aggregates that SQLite lacks, or has for ASCII only, lent to a connection."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from math import fsum, sqrt
from sqlite3 import Connection
from typing import ClassVar, Final, TypeAlias

from penstock.engine.sqlite import exact, moments
from penstock.engine.sqlite.exact import read_decimal

Value: TypeAlias = int | float | str | bytes | None

_PATTERNS: Final = 1024


def lend_functions(connection: Connection) -> None:
    for name, arguments, function in _FUNCTIONS:
        connection.create_function(name, arguments, function, deterministic=True)
    for name, arguments, aggregate in _AGGREGATES:
        connection.create_window_function(name, arguments, aggregate)  # type: ignore[arg-type]  # of numbers


def _like(value: Value, pattern: str | None, escape: str | None = "") -> bool | None:
    if value is None or pattern is None or escape is None:
        return None
    return _read_pattern(pattern, escape).fullmatch(_text(value)) is not None


def _ilike(value: Value, pattern: str | None, escape: str | None = "") -> bool | None:
    if value is None or pattern is None or escape is None:
        return None
    return _like(_text(value).lower(), pattern.lower(), escape.lower())


def _literal_like(value: Value, pattern: str | None) -> bool | None:
    return _like(value, pattern, "\\")


@lru_cache(_PATTERNS)
def _read_pattern(pattern: str, escape: str) -> re.Pattern[str]:
    """Return a pattern of LIKE as a regular expression.

    What stands between two `%` is taken where it first comes and never again (an atomic group), so
    that no pattern, however long, takes for ever.
    """
    pieces = [""]
    characters = iter(pattern)
    for character in characters:
        if character == escape:
            pieces[-1] += re.escape(next(characters, escape))
        elif character == "%":
            pieces.append("")
        else:
            pieces[-1] += "." if character == "_" else re.escape(character)
    first, *rest = pieces
    if not rest:
        return re.compile(first, re.DOTALL)
    *middle, last = rest
    found = "".join(f"(?>.*?{piece})" for piece in middle if piece)
    return re.compile(f"{first}{found}.*{last}", re.DOTALL)


def _text(value: Value) -> str:
    return value if isinstance(value, str) else str(value)


def _integer(value: Value) -> int | None:
    if value is None or isinstance(value, int):
        return value
    whole = read_decimal(value if isinstance(value, float) else _text(value))
    return int(whole.quantize(Decimal(1), ROUND_HALF_UP))


def _decimal(value: Value, scale: int) -> float | None:
    if value is None:
        return None
    number = read_decimal(value if isinstance(value, float) else _text(value))
    return float(number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP))


def _boolean(value: Value) -> bool | None:
    if value is None or not isinstance(value, str):
        return None if value is None else bool(value)
    return value.lower() in {"true", "t", "1", "yes"}


def _upper(value: Value) -> str | None:
    return None if value is None else _text(value).upper()


def _lower(value: Value) -> str | None:
    return None if value is None else _text(value).lower()


def _initcap(value: Value) -> str | None:
    return None if value is None else _text(value).title()


def _right(value: Value, count: int) -> str | None:
    return None if value is None else _text(value)[-count:] if count else ""


def _lpad(value: Value, length: int, filling: str) -> str | None:
    return None if value is None else (_filling(value, length, filling) + _text(value))[:length]


def _rpad(value: Value, length: int, filling: str) -> str | None:
    return None if value is None else (_text(value) + _filling(value, length, filling))[:length]


def _filling(value: Value, length: int, filling: str) -> str:
    missing = max(length - len(_text(value)), 0)
    return (filling * missing)[:missing] if filling else ""


class _Numbers:
    """Gathers the numbers of a group; null where there are fewer than `least`."""

    least: ClassVar[int] = 1

    def __init__(self) -> None:
        self.numbers: list[float] = []

    def step(self, value: float | None) -> None:
        if value is not None:
            self.numbers.append(float(value))

    def inverse(self, value: float | None, *_: float) -> None:
        """Take a row out, which the frame of a window has left: the first that is in it."""
        if value is not None:
            self.numbers.remove(float(value))

    def value(self) -> float | None:
        return self.compute() if len(self.numbers) >= self.least else None

    def finalize(self) -> float | None:
        return self.value()

    def compute(self) -> float:
        raise NotImplementedError

    def squares(self) -> float:
        mean = fsum(self.numbers) / len(self.numbers)
        return fsum([(number - mean) ** 2 for number in self.numbers])


class _Variance(_Numbers):
    least = 2

    def compute(self) -> float:
        return self.squares() / (len(self.numbers) - 1)


class _Stddev(_Variance):
    def compute(self) -> float:
        return sqrt(super().compute())


class _VariancePop(_Numbers):
    def compute(self) -> float:
        return self.squares() / len(self.numbers)


class _StddevPop(_VariancePop):
    def compute(self) -> float:
        return sqrt(super().compute())


class _Percentile(_Numbers):
    """Continuous: between two numbers where the place asked for is."""

    share: float = 0.5

    def step(self, value: float | None, share: float = 0.5) -> None:
        self.share = share
        super().step(value)

    def compute(self) -> float:
        ranked = sorted(self.numbers)
        place = (len(ranked) - 1) * self.share
        below = int(place)
        low = ranked[below]
        high = ranked[min(below + 1, len(ranked) - 1)]
        return low + (high - low) * (place - below)


_FUNCTIONS: Final[tuple[tuple[str, int, Callable[..., Value]], ...]] = (  # type: ignore[explicit-any]  # each takes its own
    ("penstock_like", 2, _like),
    ("penstock_like", 3, _like),
    ("penstock_ilike", 2, _ilike),
    ("penstock_ilike", 3, _ilike),
    ("penstock_literal_like", 2, _literal_like),
    ("penstock_integer", 1, _integer),
    ("penstock_decimal", 2, _decimal),
    ("penstock_add", 2, exact.add),
    ("penstock_subtract", 2, exact.subtract),
    ("penstock_multiply", 2, exact.multiply),
    ("penstock_remainder", 2, exact.remainder),
    ("penstock_boolean", 1, _boolean),
    ("penstock_initcap", 1, _initcap),
    ("penstock_right", 2, _right),
    ("penstock_lpad", 3, _lpad),
    ("penstock_rpad", 3, _rpad),
    ("penstock_timestamp", 1, moments.timestamp),
    ("penstock_utc", 1, moments.utc),
    ("penstock_zoned", 2, moments.zoned),
    ("penstock_moment", 2, moments.moment),
    ("penstock_date", 1, moments.only_date),
    ("penstock_time", 1, moments.only_time),
    ("penstock_part", 2, moments.part),
    ("penstock_start", 2, moments.start),
    ("penstock_moved", 3, moments.moved),
    ("penstock_difference", 3, moments.difference),
    ("penstock_last_day", 1, moments.last_day),
    # Not by the names of SQLite's own: views and indexes were made of those.
    ("penstock_upper", 1, _upper),
    ("penstock_lower", 1, _lower),
)

_AGGREGATES: Final = (
    ("penstock_sum", 1, exact.Sum),
    ("penstock_avg", 1, exact.Mean),
    ("penstock_variance", 1, _Variance),
    ("penstock_stddev", 1, _Stddev),
    ("penstock_variance_pop", 1, _VariancePop),
    ("penstock_stddev_pop", 1, _StddevPop),
    ("penstock_percentile", 2, _Percentile),
)
