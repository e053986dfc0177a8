"""One statement under way."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final

import pyarrow as pa

from penstock.engine.deadlines import Deadlines
from penstock.engine.sqlite.columns import Reader
from penstock.engine.sqlite.errors import translate_error
from penstock.engine.sqlite.open import Opened, write_value
from penstock.engine.under_way import UnderWay
from penstock.errors import PenstockError
from penstock.sql.types import Statement

BATCH_ROWS: Final = 8_192


class Rows(UnderWay):
    def __init__(
        self, opening: Callable[[], Opened], statement: Statement, deadlines: Deadlines
    ) -> None:
        super().__init__(statement, deadlines)
        self._opening = opening
        self._opened: Opened | None = None
        self._connection: sqlite3.Connection | None = None
        self._cursor: sqlite3.Cursor | None = None
        self._readers: list[Reader] = []
        self._first: pa.RecordBatch | None = None

    def _open(self) -> pa.Schema:
        self._opened = self._opening()
        connection = self._opened.take()
        with self._holding:
            self._connection = connection
        values = [write_value(value) for value in self._statement.parameters]
        self._cursor = connection.execute(self._statement.text, values)
        names = [name for name, *_ in self._cursor.description]
        self._readers = [Reader(type_) for type_ in self._statement.types or (None,) * len(names)]
        rows = self._cursor.fetchmany(BATCH_ROWS)
        arrays = self._arrays(rows, whole=len(rows) < BATCH_ROWS)
        schema = pa.schema([(n, a.type) for n, a in zip(names, arrays, strict=True)])
        self._first = pa.RecordBatch.from_arrays(arrays, schema=schema)
        self._check()
        return schema

    def _read(self) -> pa.RecordBatch | None:
        first, self._first = self._first, None
        if first is not None or self._cursor is None:
            return first
        rows = self._cursor.fetchmany(BATCH_ROWS)
        arrays = self._arrays(rows, whole=False) if rows else None
        self._check()
        return None if arrays is None else pa.RecordBatch.from_arrays(arrays, schema=self._schema)

    def _arrays(self, rows: list[tuple[object, ...]], *, whole: bool) -> list[pa.Array]:
        columns = zip(*rows, strict=True) if rows else [()] * len(self._readers)
        return [
            reader.read(column, whole=whole)
            for reader, column in zip(self._readers, columns, strict=True)
        ]

    def _interrupt(self) -> None:
        with self._holding:
            if self._connection is not None:
                self._connection.interrupt()

    def _explain(self, error: Exception) -> PenstockError:
        return translate_error(error)

    def _release(self, *, whole: bool) -> None:
        self._first = None
        with self._holding:
            connection, self._connection = self._connection, None
        cursor, self._cursor = self._cursor, None
        opened, self._opened = self._opened, None
        if cursor is not None:
            cursor.close()
        if connection is None or opened is None:
            return
        if whole and self._reason is None:
            opened.give_back(connection)
        else:
            connection.close()
