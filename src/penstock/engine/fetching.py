"""One statement under way on a server that is told to stop by a message of its own."""

from __future__ import annotations

from threading import Lock
from time import monotonic
from typing import Protocol, Self

import pyarrow as pa

from penstock.engine.deadlines import Deadlines
from penstock.engine.exact import exact_batch, exact_schema
from penstock.errors import PenstockError, QueryCancelledError, QueryTimeoutError
from penstock.sql.types import Statement


class Source(Protocol):
    """Where the rows of one statement come from. All but `interrupt` is called by one thread."""

    def open(self) -> pa.Schema:
        """Send the statement and return the schema of what comes."""
        ...

    def read(self) -> pa.RecordBatch | None:
        """Return the next batch, None after the last."""
        ...

    def interrupt(self) -> None:
        """Tell the server to stop, whatever state the statement is in."""
        ...

    def close(self) -> None:
        """Free what is held, here and on the server. It never raises."""
        ...

    def explain(self, error: Exception) -> PenstockError:
        """Return what to say of what went wrong, without the server's words."""
        ...


class Fetching:
    """Implements Running. The statement starts with the first look at its schema or rows.

    One thread reads; any may cancel, close, or see the time run out. The server is told to stop
    by the thread of the deadlines, because telling it takes a round trip.
    """

    def __init__(self, source: Source, statement: Statement, deadlines: Deadlines) -> None:
        self._source = source
        self._types = statement.types
        self._deadlines = deadlines
        self._reading = Lock()  # held by whoever reads, or ends, the statement
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
            if self._ended:
                raise StopIteration
            try:
                batch = self._source.read()
                found = None if batch is None else exact_batch(batch, self._schema)
            except Exception as error:  # whatever it is, callers never see the server's words
                raise self._fail(error) from error
            if self._reason is not None:
                self._end()
                raise self._reason
            if found is None:
                self._end()
                raise StopIteration
            return found

    def cancel(self) -> None:
        self._stop(QueryCancelledError("The query was cancelled."))

    def close(self) -> None:
        """Free what the statement held. Rows not read yet are gone: reading on then raises."""
        self._stop(QueryCancelledError("The query was closed."))

    def abandon(self) -> None:
        """Close at once, in this thread: the engine closes, and its deadlines with it."""
        if not self._ended:
            self._reason = self._reason or QueryCancelledError("The query was closed.")
            self.expire()

    def expire(self) -> None:
        """Stop the statement because its time is over; called again until it has ended."""
        if self._reason is None:
            self._reason = QueryTimeoutError(
                "The query took longer than the database may take.",
                hint="Narrow the filter, or ask for fewer columns or rows.",
            )
        if self._reading.acquire(blocking=False):
            try:
                self._end()
            finally:
                self._reading.release()
            return
        try:
            self._source.interrupt()
        except Exception:  # noqa: BLE001 - the server may be gone: the reader is then told so
            self._deadlines.forget(self)

    def _start(self) -> None:
        if self._reason is not None:
            raise self._reason
        if self._schema is not None:
            return
        try:
            self._schema = exact_schema(self._source.open(), self._types)
        except Exception as error:  # whatever it is, callers never see the server's words
            failure = self._fail(error)
            if failure is error:
                raise
            raise failure from error

    def _stop(self, reason: PenstockError) -> None:
        if self._ended:
            return
        if self._reason is None:
            self._reason = reason
        # At once, and again until it has ended: too early, and it would start all the same.
        self._deadlines.watch(self, monotonic())

    def _fail(self, error: Exception) -> PenstockError:
        """End the statement and return what to raise."""
        if self._reason is None:
            self._reason = (
                error if isinstance(error, PenstockError) else self._source.explain(error)
            )
        self._end()
        return self._reason

    def _end(self) -> None:
        self._ended = True
        self._deadlines.forget(self)
        self._source.close()
