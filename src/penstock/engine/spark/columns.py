"""Spark's types → the language's."""

from __future__ import annotations

from typing import Final

from penstock.model.types import DataType

_TYPES: Final = {
    "boolean": DataType.BOOLEAN,
    "tinyint": DataType.INTEGER,
    "smallint": DataType.INTEGER,
    "int": DataType.INTEGER,
    "bigint": DataType.INTEGER,
    "float": DataType.FLOAT,
    "double": DataType.FLOAT,
    "decimal": DataType.DECIMAL,
    "string": DataType.STRING,
    "char": DataType.STRING,
    "varchar": DataType.STRING,
    "date": DataType.DATE,
    "timestamp_ntz": DataType.TIMESTAMP,
    "timestamp": DataType.TIMESTAMP_TZ,
    "time": DataType.TIME,
    "binary": DataType.BYTES,
}


def read_type(native: str) -> DataType | None:
    """Return the language's type, None where it has none (an array, a struct, an interval)."""
    return _TYPES.get(native.partition("(")[0].partition(" ")[0])
