"""ClickHouse's types → the language's."""

from __future__ import annotations

import re
from typing import Final

from penstock.model.types import DataType

_WRAPPED: Final = re.compile(r"^(?:Nullable|LowCardinality)\((.*)\)$")
_ZONED: Final = re.compile(r"^DateTime(?:64\(\d+, |\()'")

_WORDS: Final = {
    DataType.BOOLEAN: "Bool",
    DataType.INTEGER: "Int8 Int16 Int32 Int64 Int128 Int256"
    " UInt8 UInt16 UInt32 UInt64 UInt128 UInt256",
    DataType.FLOAT: "Float32 Float64 BFloat16",
    DataType.DECIMAL: "Decimal",
    DataType.STRING: "String FixedString Enum8 Enum16 UUID IPv4 IPv6",
    DataType.DATE: "Date Date32",
    DataType.TIMESTAMP: "DateTime DateTime64",
    DataType.TIME: "Time Time64",
    DataType.JSON: "JSON",
}
_TYPES: Final = {word: type_ for type_, words in _WORDS.items() for word in words.split()}


def read_type(native: str) -> DataType | None:
    """Return the language's type, None where it has none (an array, a map, a state)."""
    found = _WRAPPED.match(native)
    if found is not None:
        return read_type(found[1])
    if _ZONED.match(native):
        return DataType.TIMESTAMP_TZ
    return _TYPES.get(native.partition("(")[0])
