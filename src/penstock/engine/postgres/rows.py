"""One statement under way."""

from __future__ import annotations

from threading import Lock
from time import monotonic
from typing import Final, Self

import psycopg
import pyarrow as pa
from psycopg import pq

from penstock.engine.deadlines import Deadlines
from penstock.engine.postgres.columns import Reader, find_reader
from penstock.engine.postgres.errors import CANCELLED, ServerError, translate_error
from penstock.engine.postgres.pool import Pool, Session
from penstock.engine.postgres.wire import BATCH_ROWS, drain, fetch, send
from penstock.errors import PenstockError, QueryCancelledError, QueryTimeoutError
from penstock.sql.types import Statement

_PATIENCE: Final = 1.0  # seconds for the end of a statement that has failed


class Rows:
    """Implements Running. The statement starts with the first look at its schema or rows.

    One thread reads; any may cancel, close, or see the time run out. The reader looks for that
    all the while that it waits for the server, so nobody but it uses the connection.
    """

    def __init__(
        self, pool: Pool, statement: Statement, deadlines: Deadlines, timeout: float
    ) -> None:
        self._pool = pool
        self._statement = statement
        self._deadlines = deadlines
        self._timeout = timeout
        self._deadline = monotonic() + timeout
        self._reading = Lock()  # held by whoever reads, or ends, the statement
        self._session: Session | None = None
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
            if self._session is None:
                raise StopIteration
            try:
                batch = self._fetch(self._session)
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
        self._stop(_late())

    def _start(self) -> None:
        if self._reason is not None:
            raise self._reason
        if self._session is not None or self._ended:
            return
        try:
            self._first = self._open(fresh=False)
        except Exception as error:  # whatever it is, callers never see the driver's words
            failure = self._fail(error)
            if failure is error:
                raise
            raise failure from error

    def _open(self, *, fresh: bool) -> pa.RecordBatch:
        """Send the statement and read its first rows, on another connection if one was dead."""
        session = self._session = self._pool.take(self._check, fresh=fresh)
        try:
            session.set_limit(self._timeout)
            send(session.pg, self._statement, self._check)
            result = fetch(session.pg, self._check)
        except (psycopg.OperationalError, ServerError) as error:
            if not _is_lost(session, error) or not session.used or self._reason is not None:
                raise
            self._session = None
            self._pool.give_back(session)
            return self._open(fresh=True)
        if result is None:
            raise ServerError("", "no result")
        return self._begin(session, result)

    def _begin(self, session: Session, result: pq.abc.PGresult) -> pa.RecordBatch:
        types = self._statement.types or (None,) * result.nfields
        self._readers = [
            find_reader(result.ftype(i), result.fmod(i), types[i], session.texts)
            for i in range(result.nfields)
        ]
        arrays = self._read(result)
        names = [(result.fname(i) or b"").decode() for i in range(result.nfields)]
        self._schema = pa.schema([(n, a.type) for n, a in zip(names, arrays, strict=True)])
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)

    def _fetch(self, session: Session) -> pa.RecordBatch | None:
        """Return the next rows, None after the last."""
        self._check()
        while (result := fetch(session.pg, self._check)) is not None:
            if result.ntuples:
                return pa.RecordBatch.from_arrays(self._read(result), schema=self._schema)
        return None

    def _read(self, result: pq.abc.PGresult) -> list[pa.Array]:
        rows, get = range(result.ntuples), result.get_value
        # The last rows of all come with room to spare.
        whole = self._schema is None and result.ntuples < BATCH_ROWS
        return [
            reader.read([get(row, i) for row in rows], whole=whole)
            for i, reader in enumerate(self._readers)
        ]

    def _check(self) -> None:
        if self._reason is not None:
            raise self._reason

    def _stop(self, reason: PenstockError) -> None:
        if self._ended:
            return
        if self._reason is None:
            self._reason = reason
        # Whoever reads sees the reason within moments, and ends the statement.
        if self._reading.acquire(blocking=False):
            try:
                self._end(whole=False)
            finally:
                self._reading.release()

    def _fail(self, error: Exception) -> PenstockError:
        """End the statement and return what to raise."""
        if self._reason is None:
            self._reason = self._explain(error)
        self._end(whole=False, patience=_PATIENCE if isinstance(error, ServerError) else 0)
        return self._reason

    def _explain(self, error: Exception) -> PenstockError:
        if isinstance(error, ServerError) and error.state == CANCELLED:
            is_late = monotonic() >= self._deadline
            return _late() if is_late else QueryCancelledError("The query was stopped.")
        return translate_error(error)

    def _end(self, *, whole: bool, patience: float = 0) -> None:
        self._ended = True
        self._first = None
        self._deadlines.forget(self)
        session, self._session = self._session, None
        if session is None:
            return
        if whole or _is_over(session, patience):
            self._pool.give_back(session)
        else:
            self._pool.abandon(session)


def _late() -> QueryTimeoutError:
    return QueryTimeoutError(
        "The query took longer than the database may take.",
        hint="Narrow the filter, or ask for fewer columns or rows.",
    )


def _is_over(session: Session, patience: float) -> bool:
    """Whether the connection is free for another statement, or gone."""
    try:
        return session.connection.broken or drain(session.pg, patience)
    except psycopg.OperationalError:
        return session.connection.broken


def _is_lost(session: Session, error: Exception) -> bool:
    """Whether it was the connection that failed, and not the statement."""
    if isinstance(error, ServerError):
        return error.state.startswith("57P")
    return session.connection.broken
