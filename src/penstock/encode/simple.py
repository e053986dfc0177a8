"""A column of any type → one that Arrow compares, numbers and takes rows of, shown the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pyarrow as pa
from pyarrow import types

from penstock.encode.json_text import is_nested, json_text
from penstock.encode.text import plain, text_of


def simple(array: pa.Array) -> pa.Array:
    """Return the column as it is, or as another type of the same text in every format."""
    array = plain(array)
    write = next((write for applies, write in _RARE if applies(array.type)), None)
    return array if write is None else write(array)


def _as_json(array: pa.Array) -> pa.Array:
    return json_text(array).values


def _as_text(array: pa.Array) -> pa.Array:
    return text_of(array).values


def _as_decimal(array: pa.Array) -> pa.Array:
    return array.cast(pa.decimal128(_DIGITS, array.type.scale))


def _as_stored(kind: pa.DataType) -> Callable[[pa.Array], pa.Array]:
    return lambda array: array.cast(kind)


def _is_textual(kind: pa.DataType) -> bool:
    unordered = types.is_null(kind) or types.is_interval(kind)
    return unordered or isinstance(kind, pa.BaseExtensionType)


_DIGITS: Final = 38  # of the usual decimals
_RARE: Final[tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array], pa.Array]], ...]] = (
    (is_nested, _as_json),
    (types.is_string_view, _as_stored(pa.string())),
    (types.is_binary_view, _as_stored(pa.binary())),
    (types.is_float16, _as_stored(pa.float32())),
    (types.is_decimal32, _as_decimal),
    (types.is_decimal64, _as_decimal),
    (_is_textual, _as_text),
)
