"""One statement under way."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pyarrow as pa

from penstock.engine.deadlines import Deadlines
from penstock.engine.duckdb.errors import is_fatal, translate_error
from penstock.engine.duckdb.open import Opened
from penstock.engine.under_way import UnderWay
from penstock.errors import EngineError, PenstockError, UnavailableError
from penstock.sql.types import Statement

# Rows of one batch. Of 100,000 rows × 8 the first comes after 7 ms whatever the size; the last of
# 5 million after 200 ms, with 2,048 after 250 ms. Encoders hold one batch as text: 3 MB here.
BATCH_ROWS = 16_384


class Rows(UnderWay):
    def __init__(
        self, opening: Callable[[], Opened], statement: Statement, deadlines: Deadlines
    ) -> None:
        super().__init__(statement, deadlines)
        self._opening = opening
        self._opened: Opened | None = None
        self._cursor: duckdb.DuckDBPyConnection | None = None
        self._reader: pa.RecordBatchReader | None = None

    def _open(self) -> pa.Schema:
        self._opened = self._opening()
        cursor = self._opened.take()
        with self._holding:
            self._cursor = cursor
        self._opened.check(self._statement, cursor)
        self._reader = open_reader(cursor, self._statement)
        return self._reader.schema

    def _read(self) -> pa.RecordBatch | None:
        batch = None if self._reader is None else next(self._reader, None)
        if batch is not None:
            self._check()
        return batch

    def _interrupt(self) -> None:
        with self._holding:
            if self._cursor is not None:
                self._cursor.interrupt()

    def _explain(self, error: Exception) -> PenstockError:
        translated = translate_error(error)
        if self._opened is None:
            return translated
        self._opened.broken |= is_fatal(error)
        if type(translated) is EngineError and self._opened.files.have_changed():
            # A file that is gone reads as forbidden, one with other columns as a wrong name.
            return UnavailableError("The data changed while it was read.", hint="Try again.")
        return translated

    def _release(self, *, whole: bool) -> None:
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
