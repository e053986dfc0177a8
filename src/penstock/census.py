"""A table and its database, open → how many rows it has and how new they are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from time import time

from penstock.engine.types import Engine
from penstock.model.types import Column, Count, Table
from penstock.sql.inspect import find_newest


def count_table(table: Table, engine: Engine, *, timeout: float) -> Count:
    """Count one table, and look for the newest value of its watermark.

    Raises EngineError, UnavailableError, QueryTimeoutError.
    """
    rows = engine.count(table.source)
    return Count(rows, time(), _find_newest(table, engine, timeout))


def count_tables(
    tables: Mapping[str, Table], engines: Mapping[str, Engine], *, timeout: float
) -> dict[str, Count]:
    """Count every table. Raises what `count_table` raises for the first that cannot be."""
    return {
        name: count_table(table, engines[table.database], timeout=timeout)
        for name, table in tables.items()
    }


def _find_newest(table: Table, engine: Engine, timeout: float) -> str | None:
    attribute = None if table.watermark is None else table.attributes[table.watermark]
    if attribute is None or not isinstance(attribute.source, Column):
        return None
    statement = find_newest(
        table.source, attribute.source.name, attribute.type, dialect=engine.dialect
    )
    running = engine.run(statement, timeout=timeout)
    try:
        found = [value.as_py() for batch in running for value in batch.column(0)]
    finally:
        running.close()
    newest = found[0] if found else None
    return newest.isoformat() if isinstance(newest, date | datetime) else None


def counts_of(tables: Mapping[str, Table]) -> dict[str, Count]:
    """Return what is known of tables that were counted."""
    return {
        name: Count(table.rows, table.counted, table.newest)
        for name, table in tables.items()
        if table.rows is not None and table.counted is not None
    }
