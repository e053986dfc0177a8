"""The columns of an answer, of the types that the database gave them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import pyarrow as pa
from pyarrow import types

from penstock.encode.schema import decoded
from penstock.encode.types import Column
from penstock.model.types import DataType

_KINDS: Final[Sequence[tuple[Callable[[pa.DataType], bool], DataType]]] = (
    (types.is_boolean, DataType.BOOLEAN),
    (types.is_integer, DataType.INTEGER),
    (types.is_floating, DataType.FLOAT),
    (types.is_decimal, DataType.DECIMAL),
    (types.is_date, DataType.DATE),
    (types.is_time, DataType.TIME),
    (types.is_binary, DataType.BYTES),
    (types.is_large_binary, DataType.BYTES),
)


def typed_columns(columns: tuple[Column, ...], schema: pa.Schema) -> tuple[Column, ...]:
    """Return the columns with the types of a result: SQL does not always say what it gives."""
    return tuple(
        replace(column, type=_type(field.type))
        for column, field in zip(columns, schema, strict=True)
    )


def _type(kind: pa.DataType) -> DataType:
    kind = decoded(kind)
    if types.is_timestamp(kind):
        return DataType.TIMESTAMP if kind.tz is None else DataType.TIMESTAMP_TZ
    return next((found for is_kind, found in _KINDS if is_kind(kind)), DataType.STRING)
