"""The server's catalogue → every relation of the database, with its keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from penstock.engine.asking import Asking
from penstock.engine.mysql.columns import read_type
from penstock.engine.types import FoundColumn, FoundForeignKey, FoundRelation
from penstock.model.types import DataType

# With a LIMIT or the like, views could not be left where they are; the order is the server's.
_COLUMNS: Final = (
    "SELECT table_name, column_name, column_type, is_nullable FROM information_schema.columns"
    " WHERE table_schema = ? ORDER BY table_name, ordinal_position"
)
_COLUMNS_OF_ONE: Final = (
    "SELECT table_name, column_name, column_type, 'YES' FROM information_schema.columns"
    " WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position"
)
# What a view says of its columns may be as old as the view.
_TABLES: Final = (
    "SELECT table_name FROM information_schema.tables"
    " WHERE table_schema = ? AND table_type = 'BASE TABLE'"
)
_KEYS: Final = (
    "SELECT table_name, constraint_name, column_name, COALESCE(referenced_table_schema, ''),"
    " COALESCE(referenced_table_name, ''), COALESCE(referenced_column_name, '')"
    " FROM information_schema.key_column_usage WHERE table_schema = ?"
    " AND (constraint_name = 'PRIMARY' OR referenced_table_name IS NOT NULL)"
    " ORDER BY table_name, constraint_name, ordinal_position"
)
# MariaDB keeps JSON as text, with a check.
_JSON: Final = (
    "SELECT table_name, check_clause FROM information_schema.check_constraints"
    " WHERE constraint_schema = ? AND check_clause LIKE 'json_valid(%)'"
)


class Catalogue:
    """`keeps_json` says whether JSON is a text with a check."""

    def __init__(self, ask: Asking, database: str, *, keeps_json: bool) -> None:
        self._ask = ask
        self._database = database
        self._keeps_json = keeps_json

    def columns(self, source: Sequence[str]) -> tuple[FoundColumn, ...] | None:
        """Return a relation's columns in order, None where there is no such relation."""
        *schema, table = source
        database = schema[-1] if schema else self._database
        rows = self._ask(_COLUMNS_OF_ONE, database, table)
        json = self._find_json(database)
        return tuple(_read_column(row, json) for row in rows) or None

    def relations(self) -> tuple[FoundRelation, ...]:
        """Return the tables and views of the database, in order of their names."""
        json = self._find_json(self._database)
        tables = {table for (table,) in self._ask(_TABLES, self._database)}
        columns: dict[str, list[FoundColumn]] = {}
        for row in self._ask(_COLUMNS, self._database):
            found = _read_column(row, json)
            found = found if row[0] in tables else replace(found, nullable=True)
            columns.setdefault(row[0], []).append(found)
        keys = self._find_keys()
        return tuple(
            FoundRelation(
                source=(table,),
                columns=tuple(found),
                primary_key=tuple(keys.get((table, "PRIMARY"), _Key()).own),
                foreign_keys=tuple(_read_keys(table, keys)),
            )
            for table, found in columns.items()
        )

    def _find_keys(self) -> dict[tuple[str, str], _Key]:
        keys: dict[tuple[str, str], _Key] = {}
        for table, name, column, schema, other, other_column in self._ask(_KEYS, self._database):
            key = keys.setdefault((table, name), _Key())
            key.own.append(column)
            key.others.append(other_column)
            key.source = (other,) if schema == self._database else (schema, other)
        return keys

    def _find_json(self, database: str) -> frozenset[tuple[str, str]]:
        if not self._keeps_json:
            return frozenset()
        rows = self._ask(_JSON, database)
        return frozenset(
            (table, clause.removeprefix("json_valid(`").removesuffix("`)").replace("``", "`"))
            for table, clause in rows
        )


class _Key:
    def __init__(self) -> None:
        self.own: list[str] = []
        self.others: list[str] = []
        self.source: tuple[str, ...] = ()


def _read_column(row: tuple[str, ...], json: frozenset[tuple[str, str]]) -> FoundColumn:
    table, name, native, nullable = row
    if native == "longtext" and (table, name) in json:
        return FoundColumn(name, DataType.JSON, "json", nullable != "NO")
    return FoundColumn(name, read_type(native), native, nullable != "NO")


def _read_keys(table: str, keys: dict[tuple[str, str], _Key]) -> Iterable[FoundForeignKey]:
    for (owner, name), key in keys.items():
        if owner == table and name != "PRIMARY":
            yield FoundForeignKey(tuple(key.own), key.source, tuple(key.others), enforced=True)
