"""One statement under way on a server that is told to stop by a message of its own."""

from __future__ import annotations

from time import monotonic
from typing import Protocol

import pyarrow as pa

from penstock.engine.deadlines import Deadlines
from penstock.engine.exact import exact_batch, exact_schema
from penstock.engine.under_way import UnderWay
from penstock.errors import PenstockError
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


class Fetching(UnderWay):
    """The rows of a source, made exact.

    The server is told to stop by the thread of the deadlines, because telling it takes a round
    trip.
    """

    def __init__(self, source: Source, statement: Statement, deadlines: Deadlines) -> None:
        super().__init__(statement, deadlines)
        self._source = source

    def _open(self) -> pa.Schema:
        return exact_schema(self._source.open(), self._statement.types)

    def _read(self) -> pa.RecordBatch | None:
        batch = self._source.read()
        found = None if batch is None else exact_batch(batch, self._schema)
        self._check()
        return found

    def _leave(self, reason: PenstockError) -> None:
        if not self._ended:
            self._tell(reason)
            self._deadlines.watch(self, monotonic())

    def _interrupt(self) -> None:
        try:
            self._source.interrupt()
        except Exception:  # noqa: BLE001 - the server may be gone: the reader is then told so
            self._deadlines.forget(self)

    def _explain(self, error: Exception) -> PenstockError:
        return self._source.explain(error)

    def _release(self, *, whole: bool) -> None:  # noqa: ARG002 - the source knows how far it is
        self._source.close()
