"""Decimals in a database that keeps them as floats: calculated with as they were written."""

from __future__ import annotations

from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation
from typing import Final, TypeAlias

Number: TypeAlias = int | float | str

OVERFLOW: Final = "penstock: overflow"
"""What an error of ours says, for whoever reads what SQLite makes of it."""

_FLOAT_DIGITS: Final = 15
_INTEGERS: Final = 1 << 63
_DIGITS: Final = 1_000
"""From the largest float to the last digit of the smallest, products of two, and many of them."""

_WIDE: Final = Context(
    prec=_DIGITS,
    rounding=ROUND_HALF_EVEN,
    Emin=MIN_EMIN,
    Emax=MAX_EMAX,
    traps=[InvalidOperation, Inexact],
)


def read_decimal(value: Number) -> Decimal:
    """Return a number as it was written: 0.1 is stored as something a little more.

    Fifteen digits always survive in a float.
    """
    return Decimal(f"{value:.{_FLOAT_DIGITS}g}") if isinstance(value, float) else Decimal(value)


def add(left: Number | None, right: Number | None) -> float | int | None:
    """Add as on paper, where a float's 0.1 + 0.2 is a little more than 0.3."""
    if left is None or right is None:
        return None
    return _nearest(_WIDE.add(read_decimal(left), read_decimal(right)))


def subtract(left: Number | None, right: Number | None) -> float | int | None:
    if left is None or right is None:
        return None
    return _nearest(_WIDE.subtract(read_decimal(left), read_decimal(right)))


def multiply(left: Number | None, right: Number | None) -> float | int | None:
    if left is None or right is None:
        return None
    return _nearest(_WIDE.multiply(read_decimal(left), read_decimal(right)))


def remainder(left: Number | None, right: Number | None) -> float | int | None:
    """Return what a division leaves, of the sign of `left`; SQLite's own cuts both to integers."""
    if left is None or right is None:
        return None
    divisor = read_decimal(right)
    return _nearest(_WIDE.remainder(read_decimal(left), divisor)) if divisor else None


def _nearest(number: Decimal) -> float | int:
    """Return what SQLite has of a number: all of it up to 15 digits, or 18 of a whole one."""
    found = float(number)
    if read_decimal(found) == number or not _is_integer(number):
        return found
    return int(number)


def _is_integer(number: Decimal) -> bool:
    return abs(number) < _INTEGERS and number == number.to_integral_value()


class Sum:
    """A sum of decimals: exact, or an error where no number of SQLite's holds it."""

    def __init__(self) -> None:
        self._sum = Decimal(0)
        self._count = 0

    def step(self, value: Number | bytes | None) -> None:
        if value is not None and not isinstance(value, bytes):
            self._sum = _WIDE.add(self._sum, read_decimal(value))
            self._count += 1

    def inverse(self, value: Number | bytes | None) -> None:
        """Take a row out, which the frame of a window has left."""
        if value is not None and not isinstance(value, bytes):
            self._sum = _WIDE.subtract(self._sum, read_decimal(value))
            self._count -= 1

    def value(self) -> float | int | None:
        if not self._count:
            return None
        found = _nearest(self._sum)
        if read_decimal(found) != self._sum:
            raise OverflowError(OVERFLOW)
        return found

    def finalize(self) -> float | int | None:
        return self.value()


class Mean(Sum):
    """A mean of decimals: a float, of their exact sum."""

    def value(self) -> float | None:
        return float(self._sum / self._count) if self._count else None
