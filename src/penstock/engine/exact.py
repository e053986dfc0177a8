"""Batches as an engine sends them → batches of exactly the types that the model says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from penstock.engine.failures import overflow
from penstock.model.types import DataType

_UTC: Final = "UTC"

_TEXTS: Final = frozenset({DataType.STRING, DataType.JSON})

ARROW: Final = {
    DataType.BOOLEAN: pa.bool_(),
    DataType.INTEGER: pa.int64(),
    DataType.FLOAT: pa.float64(),
    DataType.STRING: pa.string(),
    DataType.DATE: pa.date32(),
    DataType.TIMESTAMP: pa.timestamp("us"),
    DataType.TIMESTAMP_TZ: pa.timestamp("us", _UTC),
    DataType.TIME: pa.time64("us"),
    DataType.BYTES: pa.binary(),
    DataType.JSON: pa.string(),
}


def exact_schema(schema: pa.Schema, types: Sequence[DataType]) -> pa.Schema:
    """Return the schema of the answer. Without types, what comes is only put into one form."""
    if len(types) != len(schema):
        return pa.schema([(field.name, _in_one_form(field.type)) for field in schema])
    return pa.schema(
        [
            (field.name, _exact_type(field.type, type_))
            for field, type_ in zip(schema, types, strict=True)
        ]
    )


def exact_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return a batch of this schema. Raises ResultOverflowError, pyarrow.ArrowInvalid."""
    columns = [
        _cast(column, field.type) for column, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _exact_type(found: pa.DataType, type_: DataType) -> pa.DataType:
    if type_ in _TEXTS and not _is_text(found):
        # Nothing becomes a text by itself: a model that says so is told what there is instead.
        return _in_one_form(found)
    return ARROW.get(type_, found)


def _is_text(type_: pa.DataType) -> bool:
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(is_kind(type_) for is_kind in kinds) or pa.types.is_null(type_)


def _in_one_form(type_: pa.DataType) -> pa.DataType:
    if pa.types.is_time(type_):
        return pa.time64("us")
    if pa.types.is_timestamp(type_):
        return pa.timestamp("us", None if type_.tz is None else _UTC)
    return type_


def _cast(column: pa.Array, type_: pa.DataType) -> pa.Array:
    if column.type == type_:
        return column
    if pa.types.is_timestamp(type_) and type_.tz is None and pa.types.is_timestamp(column.type):
        # Sessions are in UTC, so what its clocks show is the time without zone that was meant.
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
        return column if column.type.tz is None else pc.local_timestamp(_in_utc(column))
    try:
        return column.cast(type_, safe=not _is_time(type_))
    except pa.ArrowInvalid as error:
        if type_ != pa.int64():
            raise
        raise overflow() from error


def _in_utc(column: pa.Array) -> pa.Array:
    return column.cast(pa.timestamp("us", _UTC))


def _is_time(type_: pa.DataType) -> bool:
    """Whether an engine may know it finer than to the microsecond; the rest is cut off."""
    return bool(pa.types.is_time(type_) or pa.types.is_timestamp(type_))
