"""The engine: finds the data, opens it, opens it again when it changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from time import monotonic

import duckdb

from penstock.engine.deadlines import Deadlines
from penstock.engine.duckdb.columns import read_type
from penstock.engine.duckdb.errors import translate_error
from penstock.engine.duckdb.guard import CATALOG, SCHEMA
from penstock.engine.duckdb.open import Opened, open_database
from penstock.engine.duckdb.relations import find_relations
from penstock.engine.duckdb.rows import Rows
from penstock.engine.failures import closed
from penstock.engine.files import Files, check_files, read_files, read_token
from penstock.engine.names import quote
from penstock.engine.types import EngineSettings, FoundColumn, FoundRelation
from penstock.errors import ConfigurationError, PenstockError, UnavailableError
from penstock.sql.types import Statement

_LOOK_EVERY = 0.5  # seconds between two looks at the files
_COUNT_TIMEOUT = 60.0
_OPTIONS = ("database",)


class DuckDB:
    """Files of the project as tables, or the relations of one database file.

    A file that changed is seen within half a second; statements under way finish on the old one.
    Raises ConfigurationError, UnavailableError.
    """

    dialect = "duckdb"

    def __init__(self, settings: EngineSettings, *, clock: Callable[[], float] = monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._database = _read_database(settings)
        self._deadlines = Deadlines()
        self._lock = Lock()
        self._files = self._find()
        self._looked = clock()
        self._closed = False
        self._opened = self._open(self._files)

    def run(self, statement: Statement, *, timeout: float) -> Rows:
        rows = Rows(self._current, statement, self._deadlines)
        self._deadlines.watch(rows, monotonic() + timeout)
        return rows

    def columns(self, source: Sequence[str]) -> tuple[FoundColumn, ...] | None:
        schema, table = _split(source)
        rows = self._ask(
            "SELECT column_name, data_type FROM duckdb_columns()"
            " WHERE database_name = ? AND lower(schema_name) = lower(?)"
            " AND lower(table_name) = lower(?) ORDER BY column_index",
            [CATALOG, schema, table],
        )
        return tuple(FoundColumn(name, read_type(native), native) for name, native in rows) or None

    def count(self, source: Sequence[str]) -> int:
        schema, table = _split(source)
        statement = Statement(
            f"SELECT COUNT(*) AS rows FROM {quote(schema)}.{quote(table)}",  # noqa: S608 - quoted
            (),
        )
        return sum(
            batch.column(0)[0].as_py() for batch in self.run(statement, timeout=_COUNT_TIMEOUT)
        )

    def relations(self) -> tuple[FoundRelation, ...]:
        return find_relations(self._ask)

    def version(self, *, now: bool = False) -> str:
        self._look(now=now)
        return self._files.token

    def ping(self) -> None:
        paths = [self._database] if self._database is not None else self._files.watched
        if not all(Path(path).exists() for path in paths):
            raise UnavailableError("The data cannot be read at the moment.")
        self._ask("SELECT 1", [])

    def close(self) -> None:
        """Stop what runs, and remove what it spilled. A second call does nothing more."""
        with self._lock:
            self._closed = True
        self._deadlines.close()
        self._opened.close()

    def _ask(self, text: str, parameters: list[str]) -> list[tuple[str, ...]]:
        """Run a question of our own, which the guard would refuse."""
        opened = self._current()
        try:
            cursor = opened.take()
            rows: list[tuple[str, ...]] = cursor.execute(text, parameters).fetchall()
        except duckdb.Error as error:
            raise translate_error(error) from error
        opened.give_back(cursor)
        return rows

    def _current(self) -> Opened:
        """Return the database, opened again if the files are not those it was opened on."""
        self._look()
        opened = self._opened
        if opened.files.token == self._files.token and not (opened.broken or self._closed):
            return opened
        with self._lock:
            if self._closed:
                raise closed()
            if self._opened.files.token != self._files.token or self._opened.broken:
                self._opened = self._reopen()
            return self._opened

    def _reopen(self) -> Opened:
        try:
            return self._open(self._files)
        except ConfigurationError as error:
            raise UnavailableError("The data cannot be read at the moment.") from error

    def _open(self, files: Files) -> Opened:
        settings = self._settings
        check_files(files, settings.files, settings.database)
        try:
            return open_database(settings, files, self._database)
        except PenstockError:
            raise
        except duckdb.Error as error:
            raise _opening_error(error, settings) from error

    def _look(self, *, now: bool = False) -> None:
        time = self._clock()
        if time - self._looked < _LOOK_EVERY and not now:
            return
        self._looked = time
        self._files = self._find()

    def _find(self) -> Files:
        if self._database is not None:
            watched = (self._database, f"{self._database}.wal")
            return Files({}, watched, read_token(watched))
        return read_files(self._settings.files)


def _read_database(settings: EngineSettings) -> str | None:
    """Return the path of the database file, None if there are files instead."""
    database, where = settings.database, f"connectors/{settings.database}.yaml"
    unknown = sorted(set(settings.options) - set(_OPTIONS))
    if unknown:
        raise ConfigurationError(
            f"DuckDB has no option {unknown[0]!r}, which database {database!r} sets.",
            hint=f"See `options` in {where}; known is `database`.",
        )
    path = settings.options.get("database")
    if (path is None) == (not settings.files):
        raise ConfigurationError(
            f"Database {database!r} needs either `files` or a `database` file.",
            hint=f"Write one of them in {where}.",
        )
    if path is None:
        return None
    if not isinstance(path, str):
        raise ConfigurationError(f"The `database` of {database!r} is not a path.", hint=where)
    return str(settings.root / path)


def _split(source: Sequence[str]) -> tuple[str, str]:
    *schema, table = source
    return (schema[-1] if schema else SCHEMA), table


def _opening_error(error: duckdb.Error, settings: EngineSettings) -> PenstockError:
    if isinstance(error, duckdb.IOException) and "lock" in str(error):
        return UnavailableError(
            f"Another program writes to database {settings.database!r}.",
            hint="Close it, or write to a copy and put the copy in its place.",
        )
    return ConfigurationError(
        f"The data of database {settings.database!r} cannot be read.",
        hint="A file is missing, cut off, or not of the format its name says.",
    )
