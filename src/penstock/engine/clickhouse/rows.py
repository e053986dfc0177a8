"""One statement under way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event, Lock, Thread
from time import monotonic
from typing import Final, Self
from uuid import uuid4

import pyarrow as pa

from penstock.engine.clickhouse.errors import late, translate_error
from penstock.engine.clickhouse.link import Link, Question, Stream
from penstock.engine.clickhouse.values import find_type, fit, name_parameters
from penstock.engine.deadlines import Deadlines
from penstock.errors import PenstockError, QueryCancelledError, UnavailableError
from penstock.model.types import DataType
from penstock.sql.types import Statement

BATCH_ROWS: Final = 16_384
_KILL_EVERY: Final = 0.1  # seconds: a kill may come before its statement
_KILL_FOR: Final = 30.0

Types = tuple[DataType | None, ...]


class Rows:
    """Implements Running. The statement starts with the first look at its schema or rows.

    One thread reads, and waits in the driver; any other may stop it, by its name.
    """

    def __init__(
        self,
        linking: Callable[[], Link],
        statement: Statement,
        deadlines: Deadlines,
        timeout: float,
    ) -> None:
        self._linking = linking
        self._statement = statement
        self._deadlines = deadlines
        self._timeout = timeout
        self._token = uuid4().hex
        self._reading = Lock()  # held by whoever reads, or ends, the statement
        self._link: Link | None = None
        self._stream: Stream | None = None
        self._batches: Iterator[pa.RecordBatch] = iter(())
        self._schema: pa.Schema | None = None
        self._reason: PenstockError | None = None
        self._killing = Lock()  # taken once
        self._over = Event()

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
            if self._stream is None:
                raise StopIteration
            try:
                batch = next(self._batches, None)
                self._check()
            except Exception as error:  # whatever it is, callers never see the driver's words
                raise self._fail(error) from error
            if batch is None:
                self._end()
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
        if self._stream is not None or self._over.is_set():
            return
        try:
            self._open()
            self._check()
        except Exception as error:  # whatever it is, callers never see the driver's words
            failure = self._fail(error)
            if failure is error:
                raise
            raise failure from error

    def _open(self) -> None:
        statement = self._statement
        link = self._link = self._linking()
        parameters = name_parameters(statement.parameters)
        question = Question(statement.text, parameters, self._token, self._timeout)
        stream = self._stream = link.open(question)
        types: Types = statement.types or (None,) * len(stream.schema)
        fields = zip(stream.schema, types, strict=True)
        schema = pa.schema([(field.name, find_type(field.type, told)) for field, told in fields])
        self._batches = self._read(stream, schema)
        self._schema = schema

    def _read(self, stream: Stream, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        for batch in stream:
            arrays = [fit(a, t) for a, t in zip(batch.columns, schema.types, strict=True)]
            whole = pa.RecordBatch.from_arrays(arrays, schema=schema)
            for start in range(0, len(whole), BATCH_ROWS):
                yield whole.slice(start, BATCH_ROWS)

    def _check(self) -> None:
        if self._reason is not None:
            raise self._reason

    def _stop(self, reason: PenstockError) -> None:
        if self._over.is_set():
            return
        if self._reason is None:
            self._reason = reason
        if self._reading.acquire(blocking=False):
            try:
                self._end()
            finally:
                self._reading.release()
        elif self._killing.acquire(blocking=False):
            Thread(target=self._kill, name="kill", daemon=True).start()

    def _kill(self) -> None:
        end = monotonic() + _KILL_FOR
        while not self._over.is_set() and monotonic() < end:
            if self._link is not None:
                self._link.kill(self._token)
            self._over.wait(_KILL_EVERY)

    def _fail(self, error: Exception) -> PenstockError:
        """End the statement and return what to raise."""
        if self._reason is None:
            self._reason = translate_error(error)
        self._end()
        return self._reason

    def _end(self) -> None:
        self._over.set()
        self._deadlines.forget(self)
        stream, self._stream = self._stream, None
        self._batches = iter(())
        if stream is not None:
            stream.close()


def closed() -> UnavailableError:
    return UnavailableError("The database is closed.")
