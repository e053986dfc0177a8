"""A few rows → the same JSON, without Arrow's kernels, whose calls cost more here than they do.

Of a small grouped answer, 3 rows × 5 columns, they take 120 µs; this takes a third of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite

import pyarrow as pa
from pyarrow import types

from penstock.encode.json_text import quote, write_column
from penstock.encode.template import Piece, Template
from penstock.encode.types import Opening
from penstock.model.types import DataType

FEW = 32
"""Rows; a grouped answer of 5 columns takes the same both ways at about 33."""

_WHOLE = 1e15  # whole numbers up to which every float prints without an exponent


def fill_few(template: Template, opening: Opening, batch: pa.RecordBatch) -> bytes:
    """Return what `fill_rows` returns the characters of, to the last byte."""
    texts = [_texts(opening, i, batch.column(i)) for i in range(batch.num_columns)]
    rows = range(batch.num_rows)
    if template.shared:
        texts.append([_join(template.shared, texts, row) for row in rows])
    return "".join([_join(template.pieces, texts, row) for row in rows]).encode()


def _join(pieces: Sequence[Piece], texts: Sequence[Sequence[str]], row: int) -> str:
    return "".join([p if isinstance(p, str) else texts[p][row] for p in pieces])


def _texts(opening: Opening, position: int, array: pa.Array) -> list[str]:
    """Return the JSON text of each value; of what is rare, in the usual way."""
    column = opening.columns[position]
    simple = None if column.type is DataType.JSON else _simple(array.type)
    if simple is not None and not (opening.exact_numbers and simple in {str, _decimal}):
        try:
            return ["null" if v is None else simple(v) for v in array.to_pylist()]
        except (ValueError, OverflowError):
            pass
    text = write_column(column, array, exact=opening.exact_numbers)
    return list(text.complete.to_pylist())


def _simple(kind: pa.DataType) -> Callable[[object], str] | None:
    return next((write for applies, write in _SIMPLE if applies(kind)), None)


def _decimal(value: object) -> str:
    return f"{value:f}"


def _date(value: object) -> str:
    return f'"{value}"'


def _text(value: object) -> str:
    """Return a JSON string. Raises ValueError where characters need an escape of their own."""
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError(value)
    return quote(value)


def _float(value: object) -> str:
    """Return what Arrow prints. Raises ValueError where it would be an exponent, or no number."""
    if not isinstance(value, float) or not isfinite(value):
        raise ValueError(value)
    if value.is_integer() and 0 < abs(value) < _WHOLE:
        return str(int(value))
    text = repr(value)
    if "e" in text or value == 0:
        raise ValueError(value)
    return text


_SIMPLE = (
    (types.is_integer, str),
    (types.is_string, _text),
    (types.is_float64, _float),
    (types.is_decimal128, _decimal),
    (types.is_date32, _date),
)
