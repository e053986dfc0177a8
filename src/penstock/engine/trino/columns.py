"""Trino's types → the language's, and its JSON values → Arrow."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from penstock.model.types import DataType
from penstock.query.types import Json

_TYPES: Final = {
    "boolean": DataType.BOOLEAN,
    "tinyint": DataType.INTEGER,
    "smallint": DataType.INTEGER,
    "integer": DataType.INTEGER,
    "bigint": DataType.INTEGER,
    "real": DataType.FLOAT,
    "double": DataType.FLOAT,
    "decimal": DataType.DECIMAL,
    "varchar": DataType.STRING,
    "char": DataType.STRING,
    "uuid": DataType.STRING,
    "date": DataType.DATE,
    "timestamp": DataType.TIMESTAMP,
    "timestamp with time zone": DataType.TIMESTAMP_TZ,
    "time": DataType.TIME,
    "varbinary": DataType.BYTES,
    "json": DataType.JSON,
}

_ARROW: Final = {
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamp with time zone": pa.timestamp("us", "UTC"),
    "time": pa.time64("us"),
    "varbinary": pa.binary(),
    "unknown": pa.null(),
}

_TEXTS: Final = frozenset({"char", "json", "uuid", "varchar"})
_PARAMETERS: Final = re.compile(r"\(([0-9, ]*)\)")
_MICROSECONDS: Final = len("2013-01-31 23:59:59.999999")
_UTC: Final = " UTC"


def read_type(native: str) -> DataType | None:
    """Return the language's type, None where it has none (an array, a row, an interval)."""
    return _TYPES.get(_kind(native))


def arrow_type(native: str) -> pa.DataType:
    """Return what a column becomes; what Arrow has no one type for is told in JSON."""
    if _kind(native) == "decimal":
        found = _PARAMETERS.search(native)
        precision, scale = found[1].split(",") if found is not None else ("38", "0")
        return pa.decimal128(int(precision), int(scale))
    return _ARROW.get(_kind(native), pa.string())


def build_batch(
    rows: Sequence[Sequence[Json]], natives: Sequence[str], names: Sequence[str]
) -> pa.RecordBatch:
    """Return the rows of a page, which are lists of what JSON can say of each value."""
    columns = [
        _build([row[i] for row in rows], native, arrow_type(native))
        for i, native in enumerate(natives)
    ]
    return pa.RecordBatch.from_arrays(columns, names=list(names))


def _kind(native: str) -> str:
    return _PARAMETERS.sub("", native)


def _build(values: Sequence[Json], native: str, type_: pa.DataType) -> pa.Array:
    build = _BUILDERS.get(_kind(native))
    if build is not None:
        return build(values, type_)
    if pa.types.is_string(type_) and _kind(native) not in _TEXTS:
        return pa.array([_told(value) for value in values], type_)
    return pa.array(values, type_)


def _from_text(values: Sequence[Json], type_: pa.DataType) -> pa.Array:
    return pa.array(values, pa.string()).cast(type_)


def _from_moments(values: Sequence[Json], type_: pa.DataType) -> pa.Array:
    """Read times without zone; what is finer than a microsecond is cut off."""
    return pc.utf8_slice_codeunits(pa.array(values, pa.string()), 0, _MICROSECONDS).cast(type_)


def _from_zoned(values: Sequence[Json], type_: pa.DataType) -> pa.Array:
    texts = pa.array(values, pa.string())
    if pc.all(pc.ends_with(texts, _UTC)).as_py() is not False:
        moments = pc.replace_substring(texts, _UTC, "")
        return _from_moments(moments, pa.timestamp("us")).cast(type_)
    return pa.array([None if v is None else _zoned(str(v)) for v in values], type_)


def _from_times(values: Sequence[Json], type_: pa.DataType) -> pa.Array:
    days = [None if value is None else f"1970-01-01 {value}" for value in values]
    return _from_moments(days, pa.timestamp("us")).cast(type_)


def _from_floats(values: Sequence[Json], type_: pa.DataType) -> pa.Array:
    # Not a number, and the infinite ones, are words in JSON.
    return pa.array([float(v) if isinstance(v, str) else v for v in values], type_)


def _from_base64(values: Sequence[Json], type_: pa.DataType) -> pa.Array:
    return pa.array([None if v is None else base64.b64decode(str(v)) for v in values], type_)


def _told(value: Json) -> str | None:
    """Return an array, a row, an interval as text."""
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


def _zoned(text: str) -> datetime:
    """Return a moment; its zone is a name (`Europe/Paris`, `UTC`) or an offset (`+05:30`)."""
    moment, _, zone = text.rpartition(" ")
    local = datetime.fromisoformat(moment[:_MICROSECONDS])
    if zone[0] in "+-":
        return datetime.fromisoformat(f"{local.isoformat()}{zone}")
    return local.replace(tzinfo=ZoneInfo(zone))


_BUILDERS: Final[Mapping[str, Callable[[Sequence[Json], pa.DataType], pa.Array]]] = {
    "real": _from_floats,
    "double": _from_floats,
    "decimal": _from_text,
    "date": _from_text,
    "timestamp": _from_moments,
    "timestamp with time zone": _from_zoned,
    "time": _from_times,
    "varbinary": _from_base64,
}
