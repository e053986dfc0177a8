"""SQL text → the same, laid out for people."""

from __future__ import annotations

import sqlglot


def pretty_sql(text: str, dialect: str) -> str:
    return sqlglot.parse_one(text, read=dialect).sql(dialect=dialect, pretty=True)
