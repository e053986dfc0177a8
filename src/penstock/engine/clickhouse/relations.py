"""ClickHouse's catalogue → every relation of the database, and how far its data are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from penstock.engine.asking import Asking
from penstock.engine.clickhouse.columns import read_type
from penstock.engine.types import FoundColumn, FoundRelation

_COLUMNS: Final = (
    "SELECT name, type FROM system.columns"
    " WHERE database = {p1:String} AND table = {p2:String} ORDER BY position"
)
_ALL_COLUMNS: Final = (
    "SELECT table, name, type FROM system.columns"
    " WHERE database = {p1:String} ORDER BY table, position"
)
_SIZES: Final = (
    "SELECT name, toString(total_rows), toString(endsWith(engine, 'View')) FROM system.tables"
    " WHERE database = {p1:String} AND NOT is_temporary AND NOT startsWith(name, '.inner')"
)
_SYSTEM: Final = "('system', 'INFORMATION_SCHEMA', 'information_schema')"
# A part is never changed, only made and dropped: their names say what the data are. Other kinds of
# tables tell nothing of the kind, so with one of them nobody knows.
_STATE: Final = (
    "SELECT toString(cityHash64(groupArray((database, table, name)))),"  # noqa: S608 - no value in it
    " toString(any(other)) FROM (SELECT database, table, name FROM system.parts WHERE active"
    f" AND database NOT IN {_SYSTEM} ORDER BY database, table, name) AS parts"
    " CROSS JOIN (SELECT countIf(engine NOT LIKE '%MergeTree') AS other FROM system.tables"
    f" WHERE database NOT IN {_SYSTEM}) AS tables"
)


class Catalogue:
    def __init__(self, ask: Asking, database: str) -> None:
        self._ask = ask
        self._database = database

    def columns(self, source: Sequence[str]) -> tuple[FoundColumn, ...] | None:
        """Return a relation's columns in order, None where there is no such relation."""
        *schema, table = source
        rows = self._ask(_COLUMNS, schema[-1] if schema else self._database, table)
        return tuple(FoundColumn(name, read_type(native), native) for name, native in rows) or None

    def relations(self) -> tuple[FoundRelation, ...]:
        """Return the tables and views of the database, in order of their names.

        Its primary keys are no keys: several rows may have the same one.
        """
        tables = self._ask(_SIZES, self._database)
        sizes, views = (
            {row[0]: row[1] for row in tables},
            {row[0] for row in tables if row[2] == "1"},
        )
        columns: dict[str, list[FoundColumn]] = {}
        for table, name, native in self._ask(_ALL_COLUMNS, self._database):
            nullable = table in views or "Nullable(" in native
            found = FoundColumn(name, read_type(native), native, nullable)
            columns.setdefault(table, []).append(found)
        return tuple(
            FoundRelation(source=(table,), columns=tuple(found), rows=_number(sizes[table]))
            for table, found in columns.items()
            if table in sizes
        )

    def state(self) -> str | None:
        """Return a token of the data, None where some table cannot tell."""
        rows = self._ask(_STATE)
        return rows[0][0] if rows and rows[0][1] == "0" else None


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else None
