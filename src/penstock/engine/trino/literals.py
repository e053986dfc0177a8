"""Values → literals of Trino's: its protocol has no other way to send a parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final

from penstock.sql.types import Bound, Statement


def write_call(statement: Statement) -> str:
    """Return the text that prepares a statement and runs it, its values apart from it."""
    if not statement.parameters:
        return statement.text
    values = ", ".join(write_literal(value) for value in statement.parameters)
    return f"EXECUTE IMMEDIATE {_text(statement.text)} USING {values}"


def write_literal(value: Bound) -> str:
    return "NULL" if value is None else _WRITERS[type(value)](value)


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _boolean(value: object) -> str:
    return "TRUE" if value else "FALSE"


def _bytes(value: object) -> str:
    return f"X'{value.hex()}'" if isinstance(value, bytes) else "NULL"


def _decimal(value: object) -> str:
    return f"DECIMAL '{value:f}'"


def _timestamp(value: object) -> str:
    if not isinstance(value, datetime):
        return "NULL"
    zone = "" if value.tzinfo is None else " UTC"
    moment = value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
    return f"TIMESTAMP '{moment.isoformat(' ', timespec='microseconds')}{zone}'"


_WRITERS: Final[Mapping[type, Callable[[object], str]]] = {
    bool: _boolean,
    int: str,
    float: lambda value: f"DOUBLE '{value!r}'",
    str: _text,
    bytes: _bytes,
    Decimal: _decimal,
    date: lambda value: f"DATE '{value}'",
    datetime: _timestamp,
    time: lambda value: f"TIME '{value}'",
}
