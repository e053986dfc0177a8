"""A type that SQL cannot convert to here → what is said of it."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from penstock.sql.mode.allowed import TYPES
from penstock.sql.mode.draft import near_to

_NAMES: Final = (
    *("BIGINT", "BOOLEAN", "CHAR", "DATE", "DECIMAL", "DOUBLE", "FLOAT", "INTEGER", "NUMERIC"),
    *("REAL", "SMALLINT", "TEXT", "TIME", "TIMESTAMP", "TIMESTAMPTZ", "VARCHAR"),
)
_SAID: Final = "SQL converts to numbers, text, dates, times, timestamps and booleans"
_LONGEST: Final = 60


def refused_type(node: exp.DataType) -> tuple[str, str | None]:
    """Return what is wrong with a type, and a hint where it is nearly one that there is."""
    if node.this in TYPES:
        return f"{_SAID}; the size of a type is a whole number, as in VARCHAR(10).", None
    name = _name_of(node)
    near = near_to(name.upper(), _NAMES)
    return f"{_SAID}, not to {name[:_LONGEST]!r}.", near


def _name_of(node: exp.DataType) -> str:
    kind = node.args.get("kind")
    if isinstance(kind, exp.Expr):
        return ".".join(part.name for part in kind.find_all(exp.Identifier))
    return str(kind or node.this.value)
