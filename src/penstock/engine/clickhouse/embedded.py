"""The way to the ClickHouse inside of this process: tables in a folder, no server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from math import ceil
from pathlib import Path
from typing import Final

import chdb
import pyarrow as pa
from chdb.session import Session
from chdb.state.sqlitelike import StreamingResult

from penstock.engine.clickhouse.link import READ_ONLY, SETTINGS, Question, quote
from penstock.engine.failures import away
from penstock.errors import ConfigurationError

_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_KILL: Final = "KILL QUERY WHERE startsWith(query, {token:String}) ASYNC"


class Embedded:
    """Implements Link. There is one folder for a process, and one process for a folder."""

    def __init__(self, folder: Path, database: str) -> None:
        self._folder = folder
        self._database = database
        if not folder.is_dir():
            raise ConfigurationError(
                f"There is no folder {folder.name!r}.",
                hint="`path` is the folder of an embedded ClickHouse's own data.",
            )
        self._first = self._session()

    def open(self, question: Question) -> Answer:
        session = self._session()
        try:
            session.query(f"SET max_execution_time = {ceil(question.timeout) + 1:d}")
            # It has no names for statements: a comment is one.
            text = f"{_name(question.token)} {question.text}"
            result = session.send_query(text, "Arrow", _escape(question.parameters))
        except BaseException:
            session.close()
            raise
        return _answer(session, result, question)

    def kill(self, token: str) -> None:
        with suppress(chdb.ChdbError, RuntimeError):
            self._first.query(_KILL, params={"token": _name(token)})

    def close(self) -> None:
        self._first.cleanup()

    def _session(self) -> Session:
        if not self._folder.is_dir():
            raise away()
        try:
            session = Session(str(self._folder))
        except RuntimeError as error:
            raise ConfigurationError(
                f"The folder {self._folder.name!r} cannot be opened as ClickHouse data.",
                hint="One process opens a folder at a time, and one folder only.",
            ) from error
        try:
            session.query(f"USE {quote(self._database)}")
            for settings in (SETTINGS, READ_ONLY):
                told = (f"{name} = {_literal(value)}" for name, value in settings.items())
                session.query(f"SET {', '.join(told)}")
        except BaseException:
            session.close()
            raise
        return session


class Answer:
    """Implements Stream."""

    def __init__(self, session: Session, result: StreamingResult, question: Question) -> None:
        self._session = session
        self._result = result
        self._first = result.fetch()
        if self._first is None:
            # No rows come without their columns, so those are asked for.
            empty = f"SELECT * FROM ({question.text}) LIMIT 0"  # noqa: S608 - our own text
            self._first = session.query(empty, "Arrow", params=_escape(question.parameters))
        self.schema = pa.ipc.open_file(self._first.bytes()).schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        chunk, self._first = self._first, None
        while chunk is not None:
            yield from pa.ipc.open_file(chunk.bytes()).read_all().to_batches()
            chunk = self._result.fetch()

    def close(self) -> None:
        with suppress(chdb.ChdbError, RuntimeError):
            self._result.cancel()
        self._session.cleanup()


def _answer(session: Session, result: StreamingResult, question: Question) -> Answer:
    try:
        return Answer(session, result, question)
    except BaseException:
        # What failed half way is still under way in there, and others would wait for it.
        with suppress(chdb.ChdbError, RuntimeError):
            result.cancel()
        session.close()
        raise


def _escape(parameters: Mapping[str, str]) -> dict[str, str]:
    """Write values as it reads them: one in each line, parted by tabs."""
    return {name: value.translate(_ESCAPES) for name, value in parameters.items()}


def _name(token: str) -> str:
    return f"/* {token} */"


def _literal(value: str | int) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)
