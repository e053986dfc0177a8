"""SQLite's catalogue → columns, relations and their keys."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final

from penstock.engine.sqlite.columns import read_type
from penstock.engine.types import FoundColumn, FoundForeignKey, FoundRelation

_RELATIONS: Final = (
    "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'view')"
    " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
)
_COLUMNS: Final = 'SELECT name, type, "notnull" FROM pragma_table_xinfo(?)'
# A primary key that has an index is a column like others, whatever its type.
_ROW_NUMBER: Final = (
    "SELECT name FROM pragma_table_info(?) WHERE pk = 1 AND type = 'INTEGER' COLLATE NOCASE"
    " AND NOT EXISTS (SELECT 1 FROM pragma_table_info(?) WHERE pk > 1)"
    " AND NOT EXISTS (SELECT 1 FROM pragma_index_list(?) WHERE origin = 'pk')"
)


def find_columns(connection: sqlite3.Connection, table: str) -> tuple[FoundColumn, ...] | None:
    """Return a relation's columns in order, None where there is no such relation."""
    rows = connection.execute(_COLUMNS, [table]).fetchall()
    number = _row_number(connection, table)
    return (
        tuple(
            FoundColumn(name, read_type(native), native, not filled and name != number)
            for name, native, filled in rows
        )
        or None
    )


def _row_number(connection: sqlite3.Connection, table: str) -> str | None:
    """Return the column that is the number of the row itself: of keys it alone is never null."""
    found = connection.execute(_ROW_NUMBER, [table, table, table]).fetchone()
    return None if found is None else str(found[0])


def find_relations(connection: sqlite3.Connection) -> tuple[FoundRelation, ...]:
    names = [str(name) for (name,) in connection.execute(_RELATIONS).fetchall()]
    return tuple(_relation(connection, name) for name in names)


def _relation(connection: sqlite3.Connection, name: str) -> FoundRelation:
    try:
        return FoundRelation(
            source=(name,),
            columns=find_columns(connection, name) or (),
            primary_key=_primary_key(connection, name),
            foreign_keys=tuple(_foreign_keys(connection, name)),
        )
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
            raise
        # A view of what is gone: no reason to be silent about everything else.
        return FoundRelation(source=(name,), columns=())


def _primary_key(connection: sqlite3.Connection, name: str) -> tuple[str, ...]:
    rows = connection.execute(
        "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", [name]
    )
    return tuple(str(column) for (column,) in rows)


def _foreign_keys(connection: sqlite3.Connection, name: str) -> Iterable[FoundForeignKey]:
    rows: list[tuple[int, str, str, str | None]] = connection.execute(
        'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq', [name]
    ).fetchall()
    for key in sorted({number for number, *_ in rows}):
        parts = [row for row in rows if row[0] == key]
        other = parts[0][1]
        # Where it names no columns, it means the other's primary key.
        named = tuple(to for *_, to in parts if to is not None)
        own = tuple(column for _, _, column, _ in parts)
        yield FoundForeignKey(own, (other,), named or _primary_key(connection, other))
