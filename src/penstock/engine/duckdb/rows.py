"""One statement under way."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Self

import duckdb
import pyarrow as pa

from penstock.engine.deadlines import Deadlines
from penstock.engine.duckdb.errors import is_fatal, translate_error
from penstock.engine.duckdb.open import Opened
from penstock.errors import (
    EngineError,
    PenstockError,
    QueryCancelledError,
    QueryTimeoutError,
    UnavailableError,
)
from penstock.sql.types import Statement

# Rows of one batch. Of 100,000 rows × 8 the first comes after 7 ms whatever the size; the last of
# 5 million after 200 ms, with 2,048 after 250 ms. Encoders hold one batch as text: 3 MB here.
BATCH_ROWS = 16_384


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
        self._holding = Lock()  # guards `_cursor`: no interrupt may reach its next user
        self._opened: Opened | None = None
        self._cursor: duckdb.DuckDBPyConnection | None = None
        self._reader: pa.RecordBatchReader | None = None
        self._schema: pa.Schema | None = None
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
            if self._reader is None:
                raise StopIteration
            try:
                batch = self._reader.read_next_batch()
            except StopIteration:
                self._end(whole=True)
                raise
            except Exception as error:  # whatever it is, callers never see the driver's words
                raise self._fail(error) from error
            if self._reason is not None:
                self._end(whole=False)
                raise self._reason
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
        if self._reader is not None or self._ended:
            return
        try:
            self._opened = self._opening()
            cursor = self._opened.take()
            with self._holding:
                self._cursor = cursor
            self._opened.check(self._statement, cursor)
            self._reader = open_reader(cursor, self._statement)
            self._schema = self._reader.schema
        except Exception as error:  # whatever it is, callers never see the driver's words
            failure = self._fail(error)
            if failure is error:
                raise
            raise failure from error

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
        self._interrupt()
        # Too early, and the statement would start all the same: so again, until it has ended.
        self._deadlines.watch(self, monotonic())

    def _interrupt(self) -> None:
        with self._holding:
            if self._cursor is not None:
                self._cursor.interrupt()

    def _fail(self, error: Exception) -> PenstockError:
        """End the statement and return what to raise."""
        if self._reason is None:
            self._reason = self._explain(error)
        self._end(whole=False)
        return self._reason

    def _explain(self, error: Exception) -> PenstockError:
        if isinstance(error, PenstockError):
            return error
        translated = translate_error(error)
        if self._opened is None:
            return translated
        self._opened.broken |= is_fatal(error)
        if type(translated) is EngineError and self._opened.files.have_changed():
            # A file that is gone reads as forbidden, one with other columns as a wrong name.
            return UnavailableError("The data changed while it was read.", hint="Try again.")
        return translated

    def _end(self, *, whole: bool) -> None:
        self._ended = True
        self._deadlines.forget(self)
        with self._holding:
            cursor, self._cursor = self._cursor, None
        reader, self._reader = self._reader, None
        opened, self._opened = self._opened, None
        if reader is not None:
            reader.close()
        if whole and self._reason is None and opened is not None and cursor is not None:
            opened.give_back(cursor)


def open_reader(cursor: duckdb.DuckDBPyConnection, statement: Statement) -> pa.RecordBatchReader:
    """Start a statement. Raises duckdb.Error."""
    # `cursor.sql(…).to_arrow_reader()` is this call after binding the text once more, for a schema
    # nobody looks at: 0.5 to 0.9 ms over a file, more than the rest of the product. It stays as
    # the way that DuckDB promises to keep.
    submit = getattr(cursor, "_submit", None)
    if submit is None:
        relation = cursor.sql(statement.text, params=list(statement.parameters))
        return relation.to_arrow_reader(BATCH_ROWS)
    result = submit(statement.text, list(statement.parameters) or None, "stream", BATCH_ROWS)
    return result.arrow_reader()
