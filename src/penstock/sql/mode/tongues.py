"""The dialects a question may be written in, and our own among them."""

from __future__ import annotations

from typing import Final

from sqlglot.dialects.dialect import Dialect

from penstock.errors import QueryError, suggestion


class Penstock(Dialect):
    """ANSI SQL as formulas have it: `/` divides truly, and by zero gives null; nulls sort last."""

    NULL_ORDERING = "nulls_are_last"
    SAFE_DIVISION = True


OWN: Final = "penstock"

DIALECTS: Final = (
    OWN,
    "ansi",
    "bigquery",
    "clickhouse",
    "databricks",
    "duckdb",
    "mysql",
    "oracle",
    "postgres",
    "redshift",
    "snowflake",
    "spark",
    "sqlite",
    "trino",
    "tsql",
)
"""Nobody's own words but these: the name decides which code reads the text."""

_OTHERWISE: Final = {"ansi": OWN, "postgresql": "postgres", "mariadb": "mysql", "mssql": "tsql"}


def find_tongue(name: str | None) -> str:
    """Return what the reader of a dialect is called. Raises QueryError for one we do not know."""
    if name is None:
        return OWN
    word = name.lower()
    if word not in {*DIALECTS, *_OTHERWISE}:
        raise QueryError(
            f"There is no dialect {name[:40]!r}.",
            hint=suggestion(word[:40], DIALECTS) or f"There are {', '.join(DIALECTS)}.",
            pointer="/dialect",
        )
    return _OTHERWISE.get(word, word)
