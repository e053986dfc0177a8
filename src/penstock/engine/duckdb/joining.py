"""Arrow from anywhere, joined: a DuckDB in memory, which spills to a folder of its own."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from threading import Lock
from typing import Final
from weakref import finalize

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from penstock.engine.duckdb.errors import translate_error
from penstock.engine.duckdb.guard import SCHEMA
from penstock.engine.duckdb.open import (
    ALWAYS,
    BUFFER,
    CHECKED_TEXTS,
    SPILL_FACTOR,
    Config,
    look_at,
)
from penstock.engine.duckdb.rows import open_reader
from penstock.engine.names import quote
from penstock.errors import EngineError, PenstockError
from penstock.sql.types import Bound, Statement

_FEW: Final = 20_000
"""Rows that are kept as they came: to make a table of them takes longer than to look at them."""

_OURS: Final[Config] = {
    # Our joins are in the right order: the fact first, then what has at most one row for each of
    # its rows. DuckDB cannot count what comes as a stream, and would keep the fact in memory.
    "disabled_optimizers": "late_materialization,join_order,build_side_probe_side",
}


class Joining:
    """One database for all statements, so that together they stay within `memory` bytes.

    Raises duckdb.Error.
    """

    def __init__(self, memory: int, threads: int) -> None:
        folder = Path(mkdtemp(prefix="penstock-joining-"))
        config: Config = {
            **ALWAYS,
            **_OURS,
            "memory_limit": f"{memory}B",
            "threads": threads,
            "temp_directory": str(folder / "spill"),
            "max_temp_directory_size": f"{memory * SPILL_FACTOR}B",
        }
        self._connection = duckdb.connect(":memory:", config=config)
        self._connection.execute("SET GLOBAL TimeZone = 'UTC'")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")
        self._checked: set[tuple[str, frozenset[str]]] = set()
        self._close = finalize(self, _close, self._connection, folder)

    def desk(self) -> Desk:
        cursor = self._connection.cursor()
        cursor.execute(BUFFER)
        return Desk(cursor, self._checked)

    def close(self) -> None:
        self._close()


def _close(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    connection.close()
    rmtree(folder, ignore_errors=True)


class Desk:
    """Where the parts of one statement lie; nobody else sees them.

    One thread uses it; `interrupt` may come from any. Its methods raise duckdb.Error, and what
    readers raise.
    """

    def __init__(
        self, cursor: duckdb.DuckDBPyConnection, checked: set[tuple[str, frozenset[str]]]
    ) -> None:
        self._cursor: duckdb.DuckDBPyConnection | None = cursor
        self._checked = checked
        self._names: set[str] = set()
        self._few: dict[str, pa.Table] = {}
        self._reader: pa.RecordBatchReader | None = None
        self._using = Lock()  # held to interrupt, and to take away what could be interrupted

    def stream(self, name: str, reader: pa.RecordBatchReader) -> None:
        """Lay down what is read once, when it is needed."""
        self._open().register(name, reader)
        self._names.add(name)

    def keep(self, name: str, reader: pa.RecordBatchReader) -> None:
        """Read all of it now, to be looked at as often as needed."""
        first, is_all = _first_rows(reader)
        if is_all:
            self._few[name] = table = pa.Table.from_batches(first, schema=reader.schema)
            self._open().register(name, table)
        else:
            self._keep_many(name, _chained(first, reader))
        self._names.add(name)

    def _keep_many(self, name: str, reader: pa.RecordBatchReader) -> None:
        cursor, incoming = self._open(), f"{name} comes"
        cursor.register(incoming, reader)
        try:
            cursor.execute(
                f"CREATE TEMP TABLE {quote(name)} AS SELECT * FROM {quote(incoming)}"  # noqa: S608 - quoted
            )
        finally:
            cursor.unregister(incoming)

    def values(self, name: str, column: str, most: int) -> tuple[Bound, ...] | None:
        """Return the different values of a column of what was kept, None if they are too many."""
        if name in self._few:
            different = pc.unique(self._few[name][column]).drop_null()
            return None if len(different) > most else tuple(different.to_pylist())
        rows = self._open().execute(
            f"SELECT DISTINCT {quote(column)} FROM {quote(name)}"  # noqa: S608 - quoted
            f" WHERE {quote(column)} IS NOT NULL LIMIT {most + 1:d}"
        )
        found: list[tuple[Bound]] = rows.fetchall()
        return None if len(found) > most else tuple(value for (value,) in found)

    def start(self, statement: Statement) -> pa.Schema:
        """Start what joins the parts: it may only read these."""
        cursor = self._open()
        text, names = statement.text, frozenset(self._names)
        if (text, names) not in self._checked:
            look_at(text, frozenset((SCHEMA, name.lower()) for name in names), cursor)
            if len(self._checked) >= CHECKED_TEXTS:
                self._checked.clear()
            self._checked.add((text, names))
        self._reader = open_reader(cursor, statement)
        return self._reader.schema

    def read(self) -> pa.RecordBatch | None:
        """Return the next batch of what `start` has started, None after the last."""
        try:
            return None if self._reader is None else self._reader.read_next_batch()
        except StopIteration:
            return None

    def interrupt(self) -> None:
        with self._using:
            if self._cursor is not None:
                self._cursor.interrupt()

    def close(self) -> None:
        """Forget everything. A second call does nothing more."""
        with self._using:
            cursor, self._cursor = self._cursor, None
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
        if cursor is not None:
            cursor.close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._cursor is None:
            raise EngineError("The query is closed.")
        return self._cursor


def _first_rows(reader: pa.RecordBatchReader) -> tuple[list[pa.RecordBatch], bool]:
    """Read on until it is more than a few rows, and say whether that was all."""
    batches, rows = list[pa.RecordBatch](), 0
    for batch in reader:
        batches.append(batch)
        rows += batch.num_rows
        if rows > _FEW:
            return batches, False
    return batches, True


def _chained(first: list[pa.RecordBatch], rest: pa.RecordBatchReader) -> pa.RecordBatchReader:
    return pa.RecordBatchReader.from_batches(rest.schema, chain(first, rest))


def explain(error: Exception) -> PenstockError:
    """Return what to say of an error of the joining itself."""
    found = translate_error(error)
    if type(found) is EngineError and found.hint:
        return EngineError(
            "Joining the databases' parts of the answer needs more memory than it may use.",
            hint="Narrow the filter, ask for fewer columns, or raise `federation.memory`.",
        )
    return found
