"""Values and columns: ours → ClickHouse's text, its Arrow → the types of the language."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Final

import pyarrow as pa

from penstock.engine.exact import ARROW
from penstock.errors import EngineError
from penstock.model.types import DataType
from penstock.sql.types import Bound

_DIGITS: Final = 38


def write_value(value: Bound) -> str:
    """Return a value as the text of a parameter."""
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:f}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S.%f}".rjust(26, "0")
        case date() | time():
            return value.isoformat()
        case bytes():
            return value.hex()
        case _:
            return str(value)


def name_parameters(values: Sequence[Bound]) -> dict[str, str]:
    return {f"p{number}": write_value(value) for number, value in enumerate(values, 1)}


def find_type(found: pa.DataType, told: DataType | None) -> pa.DataType:
    """Return the type of a column of the answer; `told` is what the model says it is."""
    if told is DataType.STRING and pa.types.is_integer(found):
        # The number of an Enum, or of an address: not the text that it stands for.
        raise EngineError("A column that is no text in the database is sent as its number.")
    if told is DataType.DECIMAL:
        if pa.types.is_decimal(found):
            return pa.decimal128(min(found.precision, _DIGITS), found.scale)
        return pa.decimal128(_DIGITS, 0) if pa.types.is_integer(found) else found
    if told is None:
        return _find_own(found)
    return ARROW[told]


def _find_own(found: pa.DataType) -> pa.DataType:
    """Return the type of a column that the model says nothing of."""
    if pa.types.is_binary(found) or isinstance(found, pa.BaseExtensionType):
        return pa.string()
    if pa.types.is_timestamp(found) and found.tz is not None:
        return ARROW[DataType.TIMESTAMP_TZ]
    return found


def fit(array: pa.Array, type_: pa.DataType) -> pa.Array:
    """Return a column as this type; raises pa.ArrowInvalid where it has no room."""
    if array.type == type_:
        return array
    if isinstance(array.type, pa.BaseExtensionType):
        return pa.array([str(cell) if cell.is_valid else None for cell in array], type_)
    if pa.types.is_fixed_size_binary(array.type):
        return _fit_bytes(array, type_)
    if pa.types.is_timestamp(type_) and pa.types.is_integer(array.type):
        array = array.cast(pa.int64()).cast(pa.timestamp("s"))
    if pa.types.is_timestamp(type_) and type_.tz is None and pa.types.is_timestamp(array.type):
        array = array.cast(pa.timestamp("us", "UTC")).cast(pa.int64()).cast(pa.timestamp("us"))
    if pa.types.is_timestamp(type_) and type_.tz is not None and array.type == pa.date32():
        array = array.cast(pa.timestamp("us"))
    return array.cast(type_)


def _fit_bytes(array: pa.Array, type_: pa.DataType) -> pa.Array:
    """Read what Arrow has no type for: integers of 128 bits and more, and texts of fixed length."""
    if not pa.types.is_integer(type_):
        return array.cast(pa.binary()).cast(type_)
    return pa.array(
        [
            int.from_bytes(cell.as_py(), "little", signed=True) if cell.is_valid else None
            for cell in array
        ],
        type_,
    )
