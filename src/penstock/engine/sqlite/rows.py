"""One statement under way."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Final, Self

import pyarrow as pa

from penstock.engine.deadlines import Deadlines
from penstock.engine.sqlite.columns import Reader
from penstock.engine.sqlite.errors import translate_error
from penstock.engine.sqlite.open import Opened, write_value
from penstock.errors import PenstockError, QueryCancelledError, QueryTimeoutError
from penstock.sql.types import Statement

BATCH_ROWS: Final = 8_192


class Rows:
    """Implements Running. The statement starts with the first look at its schema or rows.

    So `cancel` can reach it while the database still computes the first row. One thread reads;
    any may cancel, close, or see the time run out.
    """

    def __init__(
        self, opening: Callable[[], Opened], statement: Statement, deadlines: Deadlines
    ) -> None:
        self._opening = opening
        self._statement = statement
        self._deadlines = deadlines
        self._reading = Lock()  # held by whoever reads, or ends, the statement
        self._holding = Lock()  # guards `_connection`: no interrupt may reach its next user
        self._opened: Opened | None = None
        self._connection: sqlite3.Connection | None = None
        self._cursor: sqlite3.Cursor | None = None
        self._readers: list[Reader] = []
        self._schema: pa.Schema | None = None
        self._first: pa.RecordBatch | None = None
        self._reason: PenstockError | None = None
        self._ended = False

    @property
    def schema(self) -> pa.Schema:
        if self._schema is None:
            with self._reading:
                self._start()
        return self._schema

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> pa.RecordBatch:
        with self._reading:
            self._start()
            first, self._first = self._first, None
            if first is not None:
                return first
            if self._cursor is None:
                raise StopIteration
            try:
                rows = self._cursor.fetchmany(BATCH_ROWS)
                batch = self._read(rows) if rows else None
            except Exception as error:  # whatever it is, callers never see the driver's words
                raise self._fail(error) from error
            self._check()
            if batch is None:
                self._end(whole=True)
                raise StopIteration
            return batch

    def cancel(self) -> None:
        self._stop(QueryCancelledError("The query was cancelled."))

    def close(self) -> None:
        """Free what the statement held. Rows not read yet are gone: reading on then raises."""
        self._stop(QueryCancelledError("The query was closed."))

    def expire(self) -> None:
        """Stop the statement because its time is over."""
        self._stop(
            QueryTimeoutError(
                "The query took longer than the database may take.",
                hint="Narrow the filter, or ask for fewer columns or rows.",
            )
        )

    def _start(self) -> None:
        if self._reason is not None:
            raise self._reason
        if self._cursor is not None or self._ended:
            return
        try:
            self._open()
        except Exception as error:  # whatever it is, callers never see the driver's words
            failure = self._fail(error)
            if failure is error:
                raise
            raise failure from error
        self._check()

    def _check(self) -> None:
        """Raise what ended the statement meanwhile."""
        if self._reason is not None:
            self._end(whole=False)
            raise self._reason

    def _open(self) -> None:
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
        self._schema = pa.schema([(n, a.type) for n, a in zip(names, arrays, strict=True)])
        self._first = pa.RecordBatch.from_arrays(arrays, schema=self._schema)

    def _read(self, rows: list[tuple[object, ...]]) -> pa.RecordBatch:
        return pa.RecordBatch.from_arrays(self._arrays(rows, whole=False), schema=self._schema)

    def _arrays(self, rows: list[tuple[object, ...]], *, whole: bool) -> list[pa.Array]:
        columns = zip(*rows, strict=True) if rows else [()] * len(self._readers)
        return [
            reader.read(column, whole=whole)
            for reader, column in zip(self._readers, columns, strict=True)
        ]

    def _stop(self, reason: PenstockError) -> None:
        if self._ended:
            return
        if self._reason is None:
            self._reason = reason
        if self._reading.acquire(blocking=False):
            try:
                self._end(whole=False)
            finally:
                self._reading.release()
            return
        with self._holding:
            if self._connection is not None:
                self._connection.interrupt()
        # Too early, and the statement would start all the same: so again, until it has ended.
        self._deadlines.watch(self, monotonic())

    def _fail(self, error: Exception) -> PenstockError:
        """End the statement and return what to raise."""
        if self._reason is None:
            self._reason = translate_error(error)
        self._end(whole=False)
        return self._reason

    def _end(self, *, whole: bool) -> None:
        self._ended = True
        self._first = None
        self._deadlines.forget(self)
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
