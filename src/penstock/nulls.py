"""Attributes that are not null × their tables, open → the rows that have no value after all."""

from __future__ import annotations

from collections.abc import Mapping

from penstock.engine.types import Engine
from penstock.model.types import Column, Model, Table
from penstock.sql.inspect import count_unfilled


def count_nulls(table: Table, engine: Engine, *, timeout: float) -> dict[str, int]:
    """Count the rows without a value, by attribute that is said to have one in each row.

    Where nothing is said of any, nothing is asked. Attributes without nulls are left out.
    Raises EngineError, UnavailableError, QueryTimeoutError.
    """
    columns = {
        name: attribute.source.name
        for name, attribute in table.attributes.items()
        if attribute.not_null and isinstance(attribute.source, Column)
    }
    if not columns:
        return {}
    statement = count_unfilled(table.source, [*columns.values()], dialect=engine.dialect)
    running = engine.run(statement, timeout=timeout)
    try:
        batches = [batch.columns for batch in running]
    finally:
        running.close()
    numbers = [
        sum(int(number.as_py()) for part in parts for number in part)
        for parts in zip(*batches, strict=True)
    ]
    return {name: number for name, number in zip(columns, numbers, strict=True) if number}


def find_nulls(
    model: Model, engines: Mapping[str, Engine], *, timeout: float
) -> dict[tuple[str, str], int]:
    """Return how many rows have no value, by table and attribute, where any have none.

    Raises as above.
    """
    return {
        (table.name, name): rows
        for table in model.tables.values()
        for name, rows in count_nulls(table, engines[table.database], timeout=timeout).items()
    }
