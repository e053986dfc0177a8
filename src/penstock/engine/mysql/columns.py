"""The server's types → the language's."""

from __future__ import annotations

from typing import Final

from penstock.model.types import DataType

_BOOLEANS: Final = frozenset({"tinyint(1)", "bit(1)"})

_WORDS: Final = {
    DataType.INTEGER: "tinyint smallint mediumint int bigint year bit",
    DataType.FLOAT: "float double",
    DataType.DECIMAL: "decimal",
    DataType.STRING: "char varchar tinytext text mediumtext longtext enum set uuid inet4 inet6",
    DataType.DATE: "date",
    DataType.TIMESTAMP: "datetime",
    DataType.TIMESTAMP_TZ: "timestamp",
    DataType.TIME: "time",
    DataType.BYTES: "binary varbinary tinyblob blob mediumblob longblob",
    DataType.JSON: "json",
}
_TYPES: Final = {word: type_ for type_, words in _WORDS.items() for word in words.split()}


def read_type(native: str) -> DataType | None:
    """Return the language's type for a COLUMN_TYPE, None where it has none (a geometry)."""
    if native in _BOOLEANS:
        return DataType.BOOLEAN
    word = native.partition("(")[0].partition(" ")[0]
    return _TYPES.get(word)
