"""DuckDB's catalogue → every relation of the data, with its keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

import msgspec

from penstock.engine.duckdb.columns import read_type
from penstock.engine.duckdb.guard import CATALOG, SCHEMA
from penstock.engine.duckdb.lakes import HIDDEN
from penstock.engine.types import FoundColumn, FoundForeignKey, FoundRelation

Ask: TypeAlias = Callable[[str, list[str]], list[tuple[str, ...]]]
_Name: TypeAlias = tuple[str, str]

_COLUMNS: Final = (
    "SELECT schema_name, table_name, column_name, data_type, is_nullable::VARCHAR"
    " FROM duckdb_columns()"
    " WHERE database_name = ? AND NOT internal ORDER BY schema_name, table_name, column_index"
)
_KEYS: Final = (
    "SELECT schema_name, table_name, to_json(constraint_column_names),"
    " coalesce(referenced_table, ''), to_json(referenced_column_names) FROM duckdb_constraints()"
    " WHERE database_name = ? AND constraint_type IN ('PRIMARY KEY', 'FOREIGN KEY')"
    " ORDER BY schema_name, table_name, constraint_index"
)
_decode = msgspec.json.Decoder(tuple[str, ...]).decode


def find_relations(ask: Ask) -> tuple[FoundRelation, ...]:
    """Return the tables and views, in order of schema and name."""
    columns: dict[_Name, list[FoundColumn]] = {}
    for schema, table, name, native, nullable in ask(_COLUMNS, [CATALOG]):
        if schema == HIDDEN:
            continue
        found = FoundColumn(name, read_type(native), native, nullable != "false")
        columns.setdefault((schema, table), []).append(found)
    primary, foreign = _find_keys(ask(_KEYS, [CATALOG]))
    return tuple(
        FoundRelation(
            source=_source(*name),
            columns=tuple(found),
            primary_key=primary.get(name, ()),
            foreign_keys=tuple(foreign.get(name, ())),
        )
        for name, found in columns.items()
    )


def _find_keys(
    rows: Iterable[tuple[str, ...]],
) -> tuple[dict[_Name, tuple[str, ...]], dict[_Name, list[FoundForeignKey]]]:
    primary: dict[_Name, tuple[str, ...]] = {}
    foreign: dict[_Name, list[FoundForeignKey]] = {}
    for schema, table, columns, other, other_columns in rows:
        if not other:
            primary[schema, table] = _decode(columns)
            continue
        # A foreign key of DuckDB never leaves its schema.
        source, others = _source(schema, other), _decode(other_columns)
        key = FoundForeignKey(_decode(columns), source, others, enforced=True)
        foreign.setdefault((schema, table), []).append(key)
    return primary, foreign


def _source(schema: str, table: str) -> tuple[str, ...]:
    return (table,) if schema == SCHEMA else (schema, table)
