"""PostgreSQL's types → the language's, and a column of an answer → Arrow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

import pyarrow as pa

from penstock.engine.decimals import DIGITS, build_decimals, choose_type
from penstock.engine.postgres import values
from penstock.engine.postgres.values import Values
from penstock.errors import EngineError
from penstock.model.types import DataType

Read: TypeAlias = Callable[[Values], pa.Array]

_TIMESTAMP: Final = pa.timestamp("us")
_ZONED: Final = pa.timestamp("us", "UTC")
_NUMERIC: Final = 1700
_HEADER: Final = 4  # a type's modifier counts its own size

_READERS: Final[dict[int, Read]] = {
    16: values.read_booleans,
    17: values.read_bytes,
    18: values.read_texts,  # "char"
    19: values.read_texts,  # name
    20: partial(values.read_fixed, type_=pa.int64()),
    21: partial(values.read_fixed, type_=pa.int16()),
    23: partial(values.read_fixed, type_=pa.int32()),
    25: values.read_texts,
    26: values.read_unsigned,
    114: values.read_texts,  # json
    700: partial(values.read_fixed, type_=pa.float32()),
    701: partial(values.read_fixed, type_=pa.float64()),
    705: values.read_texts,  # a literal of no type
    1042: values.read_texts,  # char(n)
    1043: values.read_texts,
    1082: values.read_dates,
    1083: values.read_times,
    1114: partial(values.read_moments, type_=_TIMESTAMP),
    1184: partial(values.read_moments, type_=_ZONED),
    1186: values.read_intervals,
    2950: values.read_uuids,
    3802: values.read_jsonb,
}

_ARRAYS: Final = {
    1000: 16, 1001: 17, 1003: 19, 1005: 21, 1007: 23, 1009: 25, 1014: 1042, 1015: 1043, 1016: 20,
    1021: 700, 1022: 701, 1028: 26, 1115: 1114, 1182: 1082, 1183: 1083, 1185: 1184, 1187: 1186,
    1231: _NUMERIC, 199: 114, 2951: 2950, 3807: 3802,
}  # fmt: skip

_WANTED: Final = {
    DataType.BOOLEAN: pa.bool_(),
    DataType.INTEGER: pa.int64(),
    DataType.FLOAT: pa.float64(),
    DataType.STRING: pa.string(),
    DataType.DATE: pa.date32(),
    DataType.TIMESTAMP: _TIMESTAMP,
    DataType.TIMESTAMP_TZ: _ZONED,
    DataType.TIME: pa.time64("us"),
    DataType.BYTES: pa.binary(),
    DataType.JSON: pa.string(),
}

_NAMES: Final = {
    "boolean": DataType.BOOLEAN,
    "smallint": DataType.INTEGER,
    "integer": DataType.INTEGER,
    "bigint": DataType.INTEGER,
    "oid": DataType.INTEGER,
    "real": DataType.FLOAT,
    "double precision": DataType.FLOAT,
    "numeric": DataType.DECIMAL,
    "text": DataType.STRING,
    "character": DataType.STRING,
    "character varying": DataType.STRING,
    "name": DataType.STRING,
    "uuid": DataType.STRING,
    "date": DataType.DATE,
    "timestamp without time zone": DataType.TIMESTAMP,
    "timestamp with time zone": DataType.TIMESTAMP_TZ,
    "time without time zone": DataType.TIME,
    "bytea": DataType.BYTES,
    "json": DataType.JSON,
    "jsonb": DataType.JSON,
}


def read_type(native: str, *, is_text: bool) -> DataType | None:
    """Return the language's type for one of the catalogue's, None where it has none.

    `is_text`: a type of the database's own that is text underneath, such as an enum.
    """
    if native.endswith("]"):
        return None
    before, _, after = native.partition("(")
    return _NAMES.get(before + after.partition(")")[2], DataType.STRING if is_text else None)


@dataclass(slots=True)
class Reader:
    """Reads one column of an answer, batch by batch; its first batch may settle its type."""

    oid: int
    modifier: int
    wanted: pa.DataType | None
    decimal: pa.DataType | None = None

    def read(self, column: Values, *, whole: bool) -> pa.Array:
        """Return a batch of the column; `whole` if it is the only one."""
        found = self._read(self.oid, column, whole=whole)
        if self.wanted is None or found.type == self.wanted:
            return found
        return found.cast(self.wanted)

    def _read(self, oid: int, column: Values, *, whole: bool) -> pa.Array:
        if oid in _ARRAYS:
            members, starts = values.flatten_arrays(column)
            return pa.ListArray.from_arrays(starts, self._read(_ARRAYS[oid], members, whole=whole))
        if oid == _NUMERIC:
            exact = values.read_numerics(column)
            if self.decimal is None:
                declared = _read_modifier(self.modifier)
                self.decimal = declared or choose_type(exact, whole=whole)
            return build_decimals(exact, self.decimal)
        return _READERS[oid](column)


def find_reader(oid: int, modifier: int, type_: DataType | None, texts: frozenset[int]) -> Reader:
    """Return how to read a column; `texts` are the database's own types that are text underneath.

    Raises EngineError for a type that nobody here can read.
    """
    oid = 25 if oid in texts else oid
    if oid not in _READERS and oid not in _ARRAYS and oid != _NUMERIC:
        raise EngineError(
            "A column of the answer has a type of its database's own.",
            hint="Convert it to text, or leave it out.",
        )
    return Reader(oid, modifier, _WANTED.get(type_) if type_ is not None else None)


def _read_modifier(modifier: int) -> pa.DataType | None:
    """Return the type of numeric(p, s); None for a numeric that says neither."""
    if modifier < _HEADER:
        return None
    precision, scale = (modifier - _HEADER) >> 16, (modifier - _HEADER) & 0x7FF
    if scale > DIGITS:  # or less than 0, which is written so
        return None
    return pa.decimal128(min(max(precision, scale), DIGITS), scale)
