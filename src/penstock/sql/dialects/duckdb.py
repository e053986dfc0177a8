"""How DuckDB says it: the standard is taken from it, so there is no difference yet."""

from __future__ import annotations

from penstock.sql.dialects.standard import Dialect


class DuckDB(Dialect):
    name = "duckdb"
    keys = 250  # 1,000 placeholders take as long as half a million rows
