"""One statement under way."""

from __future__ import annotations

from time import monotonic
from typing import Final

import psycopg
import pyarrow as pa
from psycopg import pq

from penstock.engine.deadlines import Deadlines
from penstock.engine.failures import late, stopped
from penstock.engine.postgres.columns import Reader, find_reader
from penstock.engine.postgres.errors import CANCELLED, ServerError, translate_error
from penstock.engine.postgres.pool import Pool, Session
from penstock.engine.postgres.wire import BATCH_ROWS, drain, fetch, send
from penstock.engine.under_way import UnderWay
from penstock.errors import PenstockError
from penstock.sql.types import Statement

_PATIENCE: Final = 1.0  # seconds for the end of a statement that has failed


class Rows(UnderWay):
    """The reader looks for a stop all the while that it waits for the server.

    So nobody but it uses the connection.
    """

    def __init__(
        self, pool: Pool, statement: Statement, deadlines: Deadlines, timeout: float
    ) -> None:
        super().__init__(statement, deadlines)
        self._pool = pool
        self._timeout = timeout
        self._deadline = monotonic() + timeout
        self._session: Session | None = None
        self._readers: list[Reader] = []
        self._first: pa.RecordBatch | None = None

    def _open(self, *, fresh: bool = False) -> pa.Schema:
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

    def _begin(self, session: Session, result: pq.abc.PGresult) -> pa.Schema:
        types = self._statement.types or (None,) * result.nfields
        self._readers = [
            find_reader(result.ftype(i), result.fmod(i), types[i], session.texts)
            for i in range(result.nfields)
        ]
        # The last rows of all come with room to spare.
        arrays = self._arrays(result, whole=result.ntuples < BATCH_ROWS)
        names = [(result.fname(i) or b"").decode() for i in range(result.nfields)]
        schema = pa.schema([(n, a.type) for n, a in zip(names, arrays, strict=True)])
        self._first = pa.RecordBatch.from_arrays(arrays, schema=schema)
        return schema

    def _read(self) -> pa.RecordBatch | None:
        first, self._first = self._first, None
        if first is not None or self._session is None:
            return first
        self._check()
        while (result := fetch(self._session.pg, self._check)) is not None:
            if result.ntuples:
                arrays = self._arrays(result, whole=False)
                return pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        return None

    def _arrays(self, result: pq.abc.PGresult, *, whole: bool) -> list[pa.Array]:
        rows, get = range(result.ntuples), result.get_value
        return [
            reader.read([get(row, i) for row in rows], whole=whole)
            for i, reader in enumerate(self._readers)
        ]

    def _interrupt(self) -> None:
        """Do nothing: whoever reads sees the reason within moments, and ends the statement."""

    def _explain(self, error: Exception) -> PenstockError:
        if isinstance(error, ServerError) and error.state == CANCELLED:
            return late() if monotonic() >= self._deadline else stopped()
        return translate_error(error)

    def _is_over(self, error: Exception) -> bool:
        session = self._session
        return (
            session is not None and isinstance(error, ServerError) and _is_free(session, _PATIENCE)
        )

    def _release(self, *, whole: bool) -> None:
        self._first = None
        session, self._session = self._session, None
        if session is None:
            return
        if whole or _is_free(session, 0):
            self._pool.give_back(session)
        else:
            self._pool.abandon(session)


def _is_free(session: Session, patience: float) -> bool:
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
