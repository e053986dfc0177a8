"""Exact decimals → Arrow, with a scale that holds every one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import pyarrow as pa

from penstock.errors import ResultOverflowError

DIGITS: Final = 38
_LOOSE_SCALE: Final = 18
_WIDTH: Final = 16


class Exact(NamedTuple):
    """`unscaled` / 10 ** `scale`."""

    unscaled: int
    scale: int


def choose_type(first: Sequence[Exact | None], *, whole: bool) -> pa.DataType:
    """Return the type for a column, by its first values; `whole` if there are no others.

    A column of one scale, as most are, keeps it. Where scales differ there is room for more.
    """
    scales = {value.scale for value in first if value is not None} or {0}
    widest = max(scales)
    if len(scales) > 1 and not whole:
        widest = max(widest, _LOOSE_SCALE)
    return pa.decimal128(DIGITS, min(max(widest, 0), DIGITS))


def build_decimals(values: Sequence[Exact | None], type_: pa.Decimal128Type) -> pa.Array:
    """Return the values as they are. Raises ResultOverflowError for one that has no room."""
    scale: int = type_.scale
    numbers = [
        0 if value is None else value[0] if value[1] == scale else _rescale(value, scale)
        for value in values
    ]
    limit = 10**type_.precision
    if numbers and not -limit < min(numbers) <= max(numbers) < limit:
        raise ResultOverflowError(
            "A decimal in the answer has more digits than its type can hold.",
            hint="Narrow the filter, or make the attribute a float.",
        )
    written = b"".join([number.to_bytes(_WIDTH, "little", signed=True) for number in numbers])
    buffers = [validity(values), pa.py_buffer(written)]
    return pa.Array.from_buffers(type_, len(values), buffers)


def validity(values: Sequence[object]) -> pa.Buffer | None:
    """Return Arrow's bits for which values are not null; None if all are there."""
    if None not in values:
        return None
    return pa.array([value is not None for value in values], pa.bool_()).buffers()[1]


def _rescale(value: Exact, scale: int) -> int:
    if value.scale <= scale:
        longer: int = value.unscaled * 10 ** (scale - value.scale)
        return longer
    shorter: int
    shorter, rest = divmod(value.unscaled, 10 ** (value.scale - scale))
    if rest:
        raise ResultOverflowError(
            "A decimal in the answer has more digits after the point than those before it.",
            hint="Give the column a scale, or the formula a CAST(… AS DECIMAL(p, s)).",
        )
    return shorter
