"""The engine: one SQLite file, opened again when another takes its place."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Lock
from time import monotonic
from typing import Final, TypeVar

from penstock.engine.deadlines import Deadlines
from penstock.engine.failures import closed
from penstock.engine.files import read_token
from penstock.engine.names import quote
from penstock.engine.sqlite.errors import translate_error
from penstock.engine.sqlite.held import let_be, settle_types
from penstock.engine.sqlite.open import Opened, find_inode, open_file, read_path
from penstock.engine.sqlite.relations import find_columns, find_relations
from penstock.engine.sqlite.rows import Rows
from penstock.engine.types import EngineSettings, FoundColumn, FoundRelation
from penstock.errors import (
    ConfigurationError,
    EngineError,
    QueryTimeoutError,
    ResultOverflowError,
    UnavailableError,
)
from penstock.sql.types import Statement

_T = TypeVar("_T")

_LOOK_EVERY: Final = 0.5  # seconds between two looks at the file
_COUNT_TIMEOUT: Final = 60.0


class SQLite:
    """A database file. Raises ConfigurationError where there is none, or it is something else."""

    dialect = "sqlite"

    def __init__(self, settings: EngineSettings, *, clock: Callable[[], float] = monotonic) -> None:
        self._path = read_path(settings)
        self._clock = clock
        self._deadlines = Deadlines()
        self._lock = Lock()
        self._closed = False
        self._looked = clock()
        self._token = self._look()
        try:
            self._opened = open_file(self._path)
            self._ask(find_relations)
        except UnavailableError as error:
            raise ConfigurationError(
                f"The data of database {settings.database!r} cannot be read.",
                hint=f"There is no SQLite file {self._path.name!r}, or it is something else.",
            ) from error

    def run(self, statement: Statement, *, timeout: float) -> Rows:
        rows = Rows(self._current, statement, self._deadlines)
        self._deadlines.watch(rows, monotonic() + timeout)
        return rows

    def columns(self, source: Sequence[str]) -> tuple[FoundColumn, ...] | None:
        found = self._ask(lambda connection: find_columns(connection, source[-1]))
        return None if found is None else self._settled(found, source)

    def relations(self) -> tuple[FoundRelation, ...]:
        return tuple(
            replace(relation, columns=self._settled(relation.columns, relation.source))
            for relation in self._ask(find_relations)
        )

    def count(self, source: Sequence[str]) -> int:
        text = f"SELECT COUNT(*) AS rows FROM {quote(source[-1])}"  # noqa: S608 - quoted
        batches = self.run(Statement(text, ()), timeout=_COUNT_TIMEOUT)
        return sum(batch.column(0)[0].as_py() for batch in batches)

    def version(self, *, now: bool = False) -> str:
        time = self._clock()
        if now or time - self._looked >= _LOOK_EVERY:
            self._looked, self._token = time, self._look()
        return self._token

    def ping(self) -> None:
        find_inode(self._path)
        self._ask(lambda connection: connection.execute("SELECT 1").fetchall())

    def close(self) -> None:
        """Stop what runs. A second call does nothing more."""
        with self._lock:
            self._closed = True
        self._deadlines.close()
        self._opened.close()

    def _settled(
        self, columns: tuple[FoundColumn, ...], source: Sequence[str]
    ) -> tuple[FoundColumn, ...]:
        """Return the columns with the types that their values have, where no other is declared."""
        try:
            return settle_types(columns, source[-1], self._different)
        except (EngineError, QueryTimeoutError, ResultOverflowError):
            return let_be(columns)

    def _different(self, text: str) -> list[set[int | None]]:
        """Return the different values in each column of an answer that has a row or none."""
        batches = list(self.run(Statement(text, ()), timeout=_COUNT_TIMEOUT))
        width = batches[0].num_columns
        return [{v.as_py() for batch in batches for v in batch.column(i)} for i in range(width)]

    def _look(self) -> str:
        # What was written last may be in the log beside the file still.
        return read_token([str(self._path), f"{self._path}-wal"])

    def _current(self) -> Opened:
        """Return the file, opened again where it is not the one that was opened."""
        inode = find_inode(self._path)
        with self._lock:
            if self._closed:
                raise closed()
            if self._opened.inode != inode:
                self._opened.close()
                self._opened = open_file(self._path)
            return self._opened

    def _ask(self, question: Callable[[sqlite3.Connection], _T]) -> _T:
        """Ask something of our own, which a statement may not."""
        opened = self._current()
        try:
            connection = opened.take()
            connection.set_authorizer(None)
            try:
                return question(connection)
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise translate_error(error) from error
