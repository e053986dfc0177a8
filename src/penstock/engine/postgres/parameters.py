"""Values → the wire's text, each with the type that the database shall read it as."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Final, TypeAlias

from penstock.sql.types import Bound

Written: TypeAlias = tuple[int, bytes | None]

# The context decides: a text is compared with an enum's or a uuid's column as one of those.
_UNKNOWN: Final = 0
_BOOLEAN, _BYTES, _INTEGER, _FLOAT, _DECIMAL = 16, 17, 20, 701, 1700
_DATE, _TIME, _TIMESTAMP, _TIMESTAMP_TZ = 1082, 1083, 1114, 1184


def write_parameters(values: Sequence[Bound]) -> tuple[list[bytes | None], list[int]]:
    """Return the values as text and their types. Raises ValueError for text with a zero byte."""
    written = [_write(value) for value in values]
    if any(text is not None and b"\0" in text for _, text in written):
        raise ValueError("a zero byte")
    return [text for _, text in written], [type_ for type_, _ in written]


def _write(value: Bound) -> Written:
    match value:
        case None:
            return _UNKNOWN, None
        case bool():
            return _BOOLEAN, b"t" if value else b"f"
        case int() | float():
            return _INTEGER if isinstance(value, int) else _FLOAT, repr(value).encode()
        case str():
            return _UNKNOWN, value.encode()
        case bytes():
            return _BYTES, b"\\x" + value.hex().encode()
        case _:
            return _write_rich(value)


def _write_rich(value: Decimal | date | time) -> Written:
    match value:
        case Decimal():
            return _DECIMAL, f"{value:f}".encode()
        case datetime():
            return _TIMESTAMP if value.tzinfo is None else _TIMESTAMP_TZ, str(value).encode()
        case date():
            return _DATE, str(value).encode()
        case _:
            return _TIME, str(value).encode()
