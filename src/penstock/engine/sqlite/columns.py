"""SQLite's loose values → Arrow, by what the model says they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import time
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias

import pyarrow as pa

from penstock.engine.decimals import Exact, build_decimals, choose_type
from penstock.engine.failures import overflow
from penstock.engine.sqlite.exact import read_decimal
from penstock.errors import EngineError, ResultOverflowError
from penstock.model.types import DataType

Values: TypeAlias = Sequence[int | float | str | bytes | None]

_EXACT: Final = 1 << 53  # the integers that a float holds

# By words in the declared type, as SQLite itself reads it; the first that is found counts.
_WORDS: Final = (
    ("BOOL", DataType.BOOLEAN),
    ("TIMESTAMPTZ", DataType.TIMESTAMP_TZ),
    ("TIMESTAMP WITH TIME ZONE", DataType.TIMESTAMP_TZ),
    ("DATETIME", DataType.TIMESTAMP),
    ("TIMESTAMP", DataType.TIMESTAMP),
    ("DATE", DataType.DATE),
    ("TIME", DataType.TIME),
    ("JSON", DataType.JSON),
    ("INT", DataType.INTEGER),
    ("CHAR", DataType.STRING),
    ("CLOB", DataType.STRING),
    ("TEXT", DataType.STRING),
    ("STRING", DataType.STRING),
    ("UUID", DataType.STRING),
    ("ENUM", DataType.STRING),
    ("DEC", DataType.DECIMAL),
    ("NUMERIC", DataType.DECIMAL),
    ("REAL", DataType.FLOAT),
    ("FLOA", DataType.FLOAT),
    ("DOUB", DataType.FLOAT),
    ("BLOB", DataType.BYTES),
    ("BINARY", DataType.BYTES),
)


def read_type(native: str) -> DataType | None:
    """Return the language's type for a declared one, None where it says nothing."""
    declared = native.upper()
    # POINT has an INT in it, which SQLite would take for one too.
    return next((type_ for word, type_ in _WORDS if word in declared), None)


@dataclass(slots=True)
class Reader:
    """Reads one column of an answer, batch by batch; its first batch may settle its type."""

    type: DataType | None
    arrow: pa.DataType | None = None

    def read(self, values: Values, *, whole: bool) -> pa.Array:
        """Return a batch of the column; `whole` if it is the only one.

        Raises EngineError for a value that is not what the model says.
        """
        if self.type is DataType.DECIMAL:
            exact = [_exact(value) for value in values]
            if self.arrow is None:
                self.arrow = choose_type(exact, whole=whole)
            return build_decimals(exact, self.arrow)
        try:
            if self.type is not None:
                return _READERS[self.type](values)
            found = pa.array(values, self.arrow)
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            raise _misfit() from error
        self.arrow = found.type
        return found


def _exact(value: float | str | bytes | None) -> Exact | None:
    if value is None:
        return None
    try:
        number = Decimal(value.decode()) if isinstance(value, bytes) else read_decimal(value)
    except (InvalidOperation, UnicodeDecodeError) as error:
        raise _misfit() from error
    sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        raise ResultOverflowError("A decimal in the answer is infinite or not a number.")
    unscaled = int("".join(map(str, digits))) * (-1 if sign else 1)
    if exponent > 0:
        return Exact(unscaled * 10**exponent, 0)
    return Exact(unscaled, -exponent)


def _integers(values: Values) -> pa.Array:
    # SQLite goes on with a float where an integer has no room.
    return pa.array([_whole(v) if isinstance(v, float) else v for v in values], pa.int64())


def _whole(value: float) -> int:
    if abs(value) >= _EXACT:
        raise overflow()
    if not value.is_integer():
        raise _misfit()
    return int(value)


def _floats(values: Values) -> pa.Array:
    return pa.array([None if v is None else float(v) for v in values], pa.float64())


def _booleans(values: Values) -> pa.Array:
    if not set(values) <= {0, 1, None}:
        raise _misfit()
    return pa.array([None if v is None else bool(v) for v in values], pa.bool_())


def _strings(values: Values) -> pa.Array:
    return pa.array([str(v) if isinstance(v, int | float) else v for v in values], pa.string())


def _parsed(type_: pa.DataType) -> Callable[[Values], pa.Array]:
    def parse(values: Values) -> pa.Array:
        return pa.array(values, pa.string()).cast(type_)

    return parse


def _zoned(values: Values) -> pa.Array:
    """Read moments of UTC, as `penstock_utc` writes them."""
    return _parsed(pa.timestamp("us"))(values).cast(pa.timestamp("us", "UTC"))


def _times(values: Values) -> pa.Array:
    read = time.fromisoformat
    return pa.array([None if v is None else read(str(v)) for v in values], pa.time64("us"))


def _bytes(values: Values) -> pa.Array:
    return pa.array([v.encode() if isinstance(v, str) else v for v in values], pa.binary())


def _misfit() -> EngineError:
    return EngineError(
        "A value in the database is not of the type that the model says.",
        hint="SQLite takes any value in any column; dates and times have to be text in ISO form.",
    )


_READERS: Final[dict[DataType, Callable[[Values], pa.Array]]] = {
    DataType.BOOLEAN: _booleans,
    DataType.INTEGER: _integers,
    DataType.FLOAT: _floats,
    DataType.STRING: _strings,
    DataType.DATE: _parsed(pa.date32()),
    DataType.TIMESTAMP: _parsed(pa.timestamp("us")),
    DataType.TIMESTAMP_TZ: _zoned,
    DataType.TIME: _times,
    DataType.BYTES: _bytes,
    DataType.JSON: _strings,
}
