"""DuckDB's types → the language's."""

from __future__ import annotations

from typing import Final

from penstock.model.types import DataType

_TYPES: Final = {
    "BOOLEAN": DataType.BOOLEAN,
    "TINYINT": DataType.INTEGER,
    "SMALLINT": DataType.INTEGER,
    "INTEGER": DataType.INTEGER,
    "BIGINT": DataType.INTEGER,
    "HUGEINT": DataType.INTEGER,
    "UTINYINT": DataType.INTEGER,
    "USMALLINT": DataType.INTEGER,
    "UINTEGER": DataType.INTEGER,
    "UBIGINT": DataType.INTEGER,
    "UHUGEINT": DataType.INTEGER,
    "FLOAT": DataType.FLOAT,
    "DOUBLE": DataType.FLOAT,
    "DECIMAL": DataType.DECIMAL,
    "VARCHAR": DataType.STRING,
    "ENUM": DataType.STRING,
    "UUID": DataType.STRING,
    "DATE": DataType.DATE,
    "TIMESTAMP": DataType.TIMESTAMP,
    "TIMESTAMP_S": DataType.TIMESTAMP,
    "TIMESTAMP_MS": DataType.TIMESTAMP,
    "TIMESTAMP_NS": DataType.TIMESTAMP,
    "TIMESTAMP WITH TIME ZONE": DataType.TIMESTAMP_TZ,
    "TIME": DataType.TIME,
    "BLOB": DataType.BYTES,
    "JSON": DataType.JSON,
}


def read_type(native: str) -> DataType | None:
    """Return the language's type, None where it has none (a list, a struct, an interval)."""
    if native.endswith("]"):
        return None
    return _TYPES.get(native.partition("(")[0])
