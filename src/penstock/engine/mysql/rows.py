"""One statement under way."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import pyarrow as pa
import pymysql

from penstock.engine.deadlines import Deadlines
from penstock.engine.failures import unanswered
from penstock.engine.mysql.arrays import Reader, find_reader
from penstock.engine.mysql.cursor import Cursor, Field
from penstock.engine.mysql.errors import find_fault, translate_error
from penstock.engine.mysql.pool import Pool, Session
from penstock.engine.under_way import UnderWay
from penstock.errors import PenstockError
from penstock.sql.types import Statement

BATCH_ROWS: Final = 16_384

# What may hold a question mark that is no placeholder, and the placeholder.
_TOKEN: Final = re.compile(
    r"""'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`]|``)*`|\?|%""", re.DOTALL
)


class Rows(UnderWay):
    """The reader waits in the driver; any other thread may stop it, by another connection."""

    def __init__(
        self, pool: Pool, statement: Statement, deadlines: Deadlines, timeout: float
    ) -> None:
        super().__init__(statement, deadlines)
        self._pool = pool
        self._timeout = timeout
        self._session: Session | None = None
        self._cursor: Cursor | None = None
        self._readers: list[Reader] = []

    def _open(self) -> pa.Schema:
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
            raise unanswered()
        self._readers = self._find_readers(fields)
        named = zip(fields, self._readers, strict=True)
        return pa.schema([(field.name, reader.type) for field, reader in named])

    def _find_readers(self, fields: tuple[Field, ...]) -> list[Reader]:
        types = self._statement.types or (None,) * len(fields)
        return [find_reader(field, type_) for field, type_ in zip(fields, types, strict=True)]

    def _read(self) -> pa.RecordBatch | None:
        session, cursor = self._session, self._cursor
        if session is None or cursor is None:
            return None
        rows = cursor.fetchmany(BATCH_ROWS)
        self._check()
        if not rows:
            _look_at_warnings(session, cursor)
            return None
        columns = zip(self._readers, zip(*rows, strict=True), strict=True)
        arrays = [reader.read(cells) for reader, cells in columns]
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)

    def _interrupt(self) -> None:
        with self._holding:
            if self._session is not None:
                self._pool.kill(self._session)

    def _explain(self, error: Exception) -> PenstockError:
        return translate_error(error)

    def _is_over(self, error: Exception) -> bool:
        # An error of the server's is the end of its statement; other errors come before it.
        if not isinstance(error, pymysql.MySQLError) or self._session is None:
            return False
        return self._session.connection.open and self._schema is None

    def _release(self, *, whole: bool) -> None:
        with self._holding:
            session, self._session = self._session, None
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            cursor.abandon()
        if session is None:
            return
        if whole:
            self._pool.give_back(session)
        else:
            self._pool.abandon(session)


def _look_at_warnings(session: Session, cursor: Cursor) -> None:
    """Raise where the server gave a wrong answer with a warning."""
    if not cursor.warning_count:
        return
    with session.connection.cursor(pymysql.cursors.Cursor) as asking:
        asking.execute("SHOW WARNINGS")
        found = [(int(code), str(words)) for _, code, words in asking.fetchall()]
    fault = find_fault(found)
    if fault is not None:
        raise fault


@lru_cache(maxsize=4096)
def write_placeholders(text: str) -> str:
    """Return a text with the driver's placeholders for question marks."""

    def write(found: re.Match[str]) -> str:
        word = found[0]
        return "%s" if word == "?" else word.replace("%", "%%")

    return _TOKEN.sub(write, text)
