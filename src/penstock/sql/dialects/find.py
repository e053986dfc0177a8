"""A dialect's name → the dialect."""

from __future__ import annotations

from typing import Final

from penstock.sql.dialects.duckdb import DuckDB
from penstock.sql.dialects.standard import Dialect

_OWN: Final[dict[str, Dialect]] = {dialect.name: dialect() for dialect in (DuckDB,)}


def find_dialect(name: str) -> Dialect:
    """Return what is known of a dialect; of one that only sqlglot knows, nothing but its name."""
    if name not in _OWN:
        _OWN[name] = type(name.title(), (Dialect,), {"name": name})()
    return _OWN[name]
