"""A column of a result as text → Arrow, of the type that the model or the server says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pymysql.constants import FIELD_TYPE as CODE

from penstock.engine.exact import ARROW
from penstock.engine.mysql.cursor import Cell, Field
from penstock.errors import EngineError
from penstock.model.types import DataType

Cells = Sequence[Cell]

_DIGITS: Final = 38
_ZERO: Final = "0000-00-00"

_WHOLE: Final = frozenset({CODE.TINY, CODE.SHORT, CODE.INT24, CODE.LONG, CODE.LONGLONG, CODE.YEAR})
_REAL: Final = frozenset({CODE.FLOAT, CODE.DOUBLE})
_EXACT: Final = frozenset({CODE.DECIMAL, CODE.NEWDECIMAL})

_TIMES: Final[Mapping[int, DataType]] = {
    CODE.DATE: DataType.DATE,
    CODE.NEWDATE: DataType.DATE,
    CODE.DATETIME: DataType.TIMESTAMP,
    CODE.TIMESTAMP: DataType.TIMESTAMP_TZ,
    CODE.TIME: DataType.TIME,
    CODE.JSON: DataType.JSON,
}


class Reader(NamedTuple):
    """`read` turns the cells of a column into an array of `type`; raises pa.ArrowInvalid."""

    type: pa.DataType
    read: Callable[[Cells], pa.Array]


def find_reader(field: Field, told: DataType | None) -> Reader:
    """Return how to read a column; `told` is what the model says it is."""
    if told is None:
        return _read_own(field)
    if told is DataType.DECIMAL:
        return _read_decimals(field)
    arrow = ARROW[told]
    match told:
        case DataType.INTEGER | DataType.FLOAT | DataType.BOOLEAN:
            return Reader(arrow, lambda cells: _read_numbers(cells, field).cast(arrow))
        case DataType.DATE | DataType.TIMESTAMP | DataType.TIMESTAMP_TZ:
            return Reader(arrow, lambda cells: _read_moments(cells).cast(arrow))
        case _:
            return Reader(arrow, _OTHERS.get(told, _texts))


def _read_own(field: Field) -> Reader:
    """Return how to read a column that the model says nothing of."""
    if field.code in _EXACT:
        return _read_decimals(field)
    if field.code == CODE.LONGLONG and field.unsigned:
        return Reader(pa.uint64(), lambda cells: _texts(cells).cast(pa.uint64()))
    return find_reader(field, _guess(field))


def _guess(field: Field) -> DataType:
    if field.code in _WHOLE or field.code == CODE.BIT:
        return DataType.INTEGER
    if field.code in _REAL:
        return DataType.FLOAT
    otherwise = DataType.BYTES if field.binary else DataType.STRING
    return _TIMES.get(field.code, otherwise)


def _read_decimals(field: Field) -> Reader:
    if field.code in _REAL:
        return find_reader(field, DataType.FLOAT)
    scale = field.scale if field.code in _EXACT else 0
    digits = field.length - (scale > 0) - (not field.unsigned)
    type_ = pa.decimal128(min(max(digits, 1), _DIGITS), min(scale, _DIGITS))
    return Reader(type_, lambda cells: _texts(cells).cast(type_))


def _read_numbers(cells: Cells, field: Field) -> pa.Array:
    if field.code == CODE.BIT:
        return pa.array(
            [None if cell is None else int.from_bytes(_encoded(cell)) for cell in cells],
            pa.uint64(),
        )
    texts = _texts(cells)
    if field.code in _WHOLE:
        return texts.cast(pa.uint64() if field.unsigned else pa.int64())
    if field.code in _EXACT:
        # Whole numbers of 65 digits: those that fit 64 bits are all right.
        return texts.cast(pa.float64() if field.scale else pa.int64())
    return texts.cast(pa.float64())


def _read_moments(cells: Cells) -> pa.Array:
    texts, type_ = _texts(cells), pa.timestamp("us")
    try:
        return texts.cast(type_)
    except pa.ArrowInvalid:
        # "No date": the calendar has none like it, so it is null.
        zero = pc.starts_with(texts, _ZERO)
        try:
            return pc.if_else(zero, None, texts).cast(type_)
        except pa.ArrowInvalid as error:
            raise EngineError(
                "The database has a date that the calendar does not have.",
                hint="Dates such as 2013-02-00 are MySQL's own: correct them, or filter them out.",
            ) from error


def _read_clocks(cells: Cells) -> pa.Array:
    moments = pc.binary_join_element_wise("1970-01-01", _texts(cells), " ")
    try:
        return moments.cast(pa.timestamp("us")).cast(pa.time64("us"))
    except pa.ArrowInvalid as error:
        raise EngineError(
            "The database has a TIME that is not a time of day.",
            hint="It is negative or 24 hours and more: leave the column out of the model.",
        ) from error


def _encoded(cell: str | bytes) -> bytes:
    return cell.encode() if isinstance(cell, str) else cell


def _bytes(cells: Cells) -> pa.Array:
    return pa.array(cells, pa.binary())


def _texts(cells: Cells) -> pa.Array:
    return pa.array(cells, pa.string())


_OTHERS: Final[Mapping[DataType, Callable[[Cells], pa.Array]]] = {
    DataType.TIME: _read_clocks,
    DataType.BYTES: _bytes,
}
