"""One statement under way."""

from __future__ import annotations

import re
from functools import lru_cache
from threading import Lock
from typing import Final, Self

import pyarrow as pa
import pymysql

from penstock.engine.deadlines import Deadlines
from penstock.engine.mysql.arrays import Reader, find_reader
from penstock.engine.mysql.cursor import Cursor, Field
from penstock.engine.mysql.errors import find_fault, late, translate_error
from penstock.engine.mysql.pool import Pool, Session
from penstock.errors import EngineError, PenstockError, QueryCancelledError
from penstock.sql.types import Statement

BATCH_ROWS: Final = 16_384

# What may hold a question mark that is no placeholder, and the placeholder.
_TOKEN: Final = re.compile(
    r"""'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`]|``)*`|\?|%""", re.DOTALL
)


class Rows:
    """Implements Running. The statement starts with the first look at its schema or rows.

    One thread reads, and waits in the driver; any other may stop it, by another connection.
    """

    def __init__(
        self, pool: Pool, statement: Statement, deadlines: Deadlines, timeout: float
    ) -> None:
        self._pool = pool
        self._statement = statement
        self._deadlines = deadlines
        self._timeout = timeout
        self._reading = Lock()  # held by whoever reads, or ends, the statement
        self._holding = Lock()  # guards `_session` and `_reason`
        self._session: Session | None = None
        self._cursor: Cursor | None = None
        self._readers: list[Reader] = []
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
            if self._cursor is None or self._session is None:
                raise StopIteration
            try:
                batch = self._fetch(self._session, self._cursor)
            except Exception as error:  # whatever it is, callers never see the driver's words
                raise self._fail(error) from error
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
        self._stop(late())

    def _start(self) -> None:
        self._check()
        if self._cursor is not None or self._ended:
            return
        try:
            self._open()
        except Exception as error:  # whatever it is, callers never see the driver's words
            failure = self._fail(error)
            if failure is error:
                raise
            raise failure from error

    def _open(self) -> None:
        session = self._pool.take(self._check)
        with self._holding:
            self._session = session
        self._check()
        self._pool.limit(session, self._timeout)
        cursor = self._cursor = session.connection.open_cursor()
        statement = self._statement
        cursor.execute(write_placeholders(statement.text), statement.parameters)
        fields = cursor.fields()
        if not fields:
            raise EngineError("The database could not answer this query.")
        self._readers = self._find_readers(fields)
        named = zip(fields, self._readers, strict=True)
        self._schema = pa.schema([(field.name, reader.type) for field, reader in named])

    def _find_readers(self, fields: tuple[Field, ...]) -> list[Reader]:
        types = self._statement.types or (None,) * len(fields)
        return [find_reader(field, type_) for field, type_ in zip(fields, types, strict=True)]

    def _fetch(self, session: Session, cursor: Cursor) -> pa.RecordBatch | None:
        """Return the next rows, None after the last."""
        rows = cursor.fetchmany(BATCH_ROWS)
        self._check()
        if not rows:
            self._look_at_warnings(session, cursor)
            return None
        columns = zip(self._readers, zip(*rows, strict=True), strict=True)
        arrays = [reader.read(cells) for reader, cells in columns]
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)

    def _look_at_warnings(self, session: Session, cursor: Cursor) -> None:
        """Raise where the server gave a wrong answer with a warning."""
        if not cursor.warning_count:
            return
        with session.connection.cursor(pymysql.cursors.Cursor) as asking:
            asking.execute("SHOW WARNINGS")
            found = [(int(code), str(words)) for _, code, words in asking.fetchall()]
        fault = find_fault(found)
        if fault is not None:
            raise fault

    def _check(self) -> None:
        if self._reason is not None:
            raise self._reason

    def _stop(self, reason: PenstockError) -> None:
        with self._holding:
            if self._ended:
                return
            if self._reason is None:
                self._reason = reason
            session = self._session
        if self._reading.acquire(blocking=False):
            try:
                self._end(whole=False)
            finally:
                self._reading.release()
        elif session is not None:
            self._pool.kill(session)

    def _fail(self, error: Exception) -> PenstockError:
        """End the statement and return what to raise."""
        with self._holding:
            if self._reason is None:
                self._reason = translate_error(error)
        # An error of the server's is the end of its statement; other errors come before it.
        self._end(whole=isinstance(error, pymysql.MySQLError) and self._is_over())
        return self._reason

    def _is_over(self) -> bool:
        connection = None if self._session is None else self._session.connection
        return connection is not None and connection.open and self._schema is None

    def _end(self, *, whole: bool) -> None:
        with self._holding:
            self._ended = True
            session, self._session = self._session, None
        self._deadlines.forget(self)
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            cursor.abandon()
        if session is None:
            return
        if whole:
            self._pool.give_back(session)
        else:
            self._pool.abandon(session)


@lru_cache(maxsize=4096)
def write_placeholders(text: str) -> str:
    """Return a text with the driver's placeholders for question marks."""

    def write(found: re.Match[str]) -> str:
        word = found[0]
        return "%s" if word == "?" else word.replace("%", "%%")

    return _TOKEN.sub(write, text)
