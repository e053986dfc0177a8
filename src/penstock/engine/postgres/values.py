"""PostgreSQL's binary values of one column → an Arrow array."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import accumulate
from struct import Struct
from struct import unpack_from as unpack
from typing import Final, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from penstock.engine.decimals import Exact, validity
from penstock.errors import EngineError, ResultOverflowError

Values: TypeAlias = Sequence[bytes | None]

_CODES: Final = {pa.int16(): "h", pa.int32(): "i", pa.int64(): "q"}
_FLOATS: Final = {pa.float32(): "f", pa.float64(): "d"}
_DAYS: Final = 10_957  # from 1970 to 2000, where PostgreSQL's calendar starts
_MICROSECONDS: Final = _DAYS * 86_400_000_000
_A_DAY: Final = 86_400_000_000

_HEADER: Final = 8  # bytes: how many groups, where the first one stands, the sign, the scale
_COMMON: Final = 12  # groups
_NUMERICS: Final = [Struct(f">HhHH{groups}H") for groups in range(_COMMON)]
_NEGATIVE, _POSITIVE = 0x4000, 0x0000
_INTERVAL: Final = Struct(">qii")
_ARRAY: Final = Struct(">iiI")
_DIMENSION: Final = Struct(">ii")


def read_fixed(values: Values, type_: pa.DataType) -> pa.Array:
    """Return integers or floats of the width that PostgreSQL has them in."""
    code = {**_CODES, **_FLOATS}[type_]
    numbers = array(code)
    gap = bytes(numbers.itemsize)
    numbers.frombytes(b"".join([gap if value is None else value for value in values]))
    numbers.byteswap()
    return pa.Array.from_buffers(
        type_, len(values), [validity(values), pa.py_buffer(numbers.tobytes())]
    )


def read_unsigned(values: Values) -> pa.Array:
    """Return identifiers of objects, of 32 bits without a sign."""
    return pa.array([None if v is None else int.from_bytes(v) for v in values], pa.int64())


def read_booleans(values: Values) -> pa.Array:
    return pa.array([None if value is None else value == b"\1" for value in values], pa.bool_())


def read_texts(values: Values) -> pa.Array:
    return _sized(values, pa.string())


def read_bytes(values: Values) -> pa.Array:
    return _sized(values, pa.binary())


def read_jsonb(values: Values) -> pa.Array:
    """Return JSON as text: before it stands the number of the format, which is 1."""
    return _sized([None if value is None else value[1:] for value in values], pa.string())


def read_uuids(values: Values) -> pa.Array:
    said = [None if value is None else _hyphened(value.hex()) for value in values]
    return pa.array(said, pa.string())


def read_dates(values: Values) -> pa.Array:
    return _shifted(read_fixed(values, pa.int32()), pa.int32(), _DAYS).view(pa.date32())


def read_moments(values: Values, type_: pa.DataType) -> pa.Array:
    return _shifted(read_fixed(values, pa.int64()), pa.int64(), _MICROSECONDS).view(type_)


def read_times(values: Values) -> pa.Array:
    times = read_fixed(values, pa.int64())
    if pc.any(pc.equal(times, _A_DAY)).as_py():
        raise ResultOverflowError(
            "A time in the answer is 24:00:00, which is no time of a day.",
            hint="Leave such rows out with a filter.",
        )
    return times.view(pa.time64("us"))


def read_intervals(values: Values) -> pa.Array:
    """Return intervals as what they are: months, days and a length, none of them the others."""
    return pa.array(
        [None if value is None else _interval(value) for value in values],
        pa.month_day_nano_interval(),
    )


def read_numerics(values: Values) -> list[Exact | None]:
    return [None if value is None else _numeric(value) for value in values]


def flatten_arrays(values: Values) -> tuple[list[bytes | None], pa.Array]:
    """Return the members of all arrays, one after the other, and where each array starts."""
    members: list[bytes | None] = []
    lengths: list[int] = []
    for value in values:
        found = [] if value is None else _members(value)
        members += found
        lengths.append(len(found))
    starts = [0, *accumulate(lengths)]
    # A null at a start says that the array itself is null.
    said = [None if v is None else s for v, s in zip(values, starts, strict=False)]
    return members, pa.array([*said, starts[-1]], pa.int32())


def _sized(values: Values, type_: pa.DataType) -> pa.Array:
    offsets = array("i", accumulate((0 if v is None else len(v) for v in values), initial=0))
    joined = b"".join([value for value in values if value is not None])
    buffers = [validity(values), pa.py_buffer(offsets.tobytes()), pa.py_buffer(joined)]
    return pa.Array.from_buffers(type_, len(values), buffers)


def _shifted(numbers: pa.Array, type_: pa.DataType, by: int) -> pa.Array:
    if len(numbers) == numbers.null_count:
        return numbers
    bits = type_.bit_width - 1
    ends = pc.min_max(numbers).as_py()
    if ends["max"] == 2**bits - 1 or ends["min"] == -(2**bits):
        raise ResultOverflowError(
            "A date in the answer is infinite, which only its database understands.",
            hint="Leave such rows out with a filter.",
        )
    try:
        return pc.add_checked(numbers, pa.scalar(by, type_))
    except pa.ArrowInvalid as error:
        raise ResultOverflowError("A date in the answer is too far away.") from error


def _hyphened(text: str) -> str:
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _interval(value: bytes) -> pa.MonthDayNano:
    microseconds, days, months = _INTERVAL.unpack(value)
    return pa.MonthDayNano([months, days, microseconds * 1000])


def _numeric(value: bytes) -> Exact:
    """Read groups of four digits, the first of them before the point by `weight` groups."""
    groups = (len(value) - _HEADER) // 2
    known = _NUMERICS[groups] if groups < _COMMON else Struct(f">HhHH{groups}H")
    count, weight, sign, scale, *digits = known.unpack(value)
    whole = 0
    for group in digits:
        whole = whole * 10_000 + group
    places = 4 * (weight - count + 1) + scale
    # The last group may reach beyond the scale, with zeros.
    whole = whole * 10**places if places >= 0 else whole // 10**-places
    if sign == _POSITIVE:
        return Exact(whole, scale)
    if sign == _NEGATIVE:
        return Exact(-whole, scale)
    raise ResultOverflowError(
        "A decimal in the answer is infinite or not a number.",
        hint="Leave such rows out with a filter, or make the attribute a float.",
    )


def _members(value: bytes) -> list[bytes | None]:
    dimensions, _, _ = _ARRAY.unpack_from(value)
    if dimensions > 1:
        raise EngineError(
            "An array in the answer has more than one dimension.", hint="Convert it to text."
        )
    if not dimensions:
        return []
    at = _ARRAY.size
    count, _ = _DIMENSION.unpack_from(value, at)
    at += _DIMENSION.size
    found: list[bytes | None] = []
    for _ in range(count):
        (length,) = unpack(">i", value, at)
        at += 4
        if length < 0:
            found.append(None)
            continue
        found.append(value[at : at + length])
        at += length
    return found
