"""Mandatory relationships × their tables, open → the rows that have no partner after all."""

from __future__ import annotations

from collections.abc import Mapping

from penstock.engine.number import read_number
from penstock.engine.types import Engine
from penstock.model.types import Model, Relationship, Table
from penstock.sql.inspect import count_alone


def count_rows_alone(
    owner: Table, target: Table, relationship: Relationship, engine: Engine, *, timeout: float
) -> int:
    """Count the rows of `owner` without a partner in `target`, both in the engine's database.

    Raises EngineError, UnavailableError, QueryTimeoutError.
    """
    pairs = [(key.own_column, key.other_column) for key in relationship.keys]
    statement = count_alone(target.source, owner.source, pairs, dialect=engine.dialect)
    return read_number(engine, statement, timeout=timeout)


def find_alone(
    model: Model, engines: Mapping[str, Engine], *, timeout: float
) -> dict[tuple[str, str], int]:
    """Return how many rows are alone, by table and relationship, where any are. Raises as above."""
    found: dict[tuple[str, str], int] = {}
    for table in model.tables.values():
        for name, relationship in table.relationships.items():
            if relationship.mandatory:
                target, engine = model.tables[relationship.table], engines[table.database]
                alone = count_rows_alone(table, target, relationship, engine, timeout=timeout)
                if alone:
                    found[table.name, name] = alone
    return found
