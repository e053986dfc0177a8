"""One statement under way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event, Lock, Thread
from time import monotonic
from typing import Final, TypeAlias
from uuid import uuid4

import pyarrow as pa

from penstock.engine.clickhouse.errors import translate_error
from penstock.engine.clickhouse.link import Link, Question, Stream
from penstock.engine.clickhouse.values import find_type, fit, name_parameters
from penstock.engine.deadlines import Deadlines
from penstock.engine.under_way import UnderWay
from penstock.errors import PenstockError
from penstock.model.types import DataType
from penstock.sql.types import Statement

BATCH_ROWS: Final = 16_384
_KILL_EVERY: Final = 0.1  # seconds: a kill may come before its statement
_KILL_FOR: Final = 30.0

Types: TypeAlias = tuple[DataType | None, ...]


class Rows(UnderWay):
    """The reader waits in the driver; any other thread may stop the statement, by its name."""

    def __init__(
        self,
        linking: Callable[[], Link],
        statement: Statement,
        deadlines: Deadlines,
        timeout: float,
    ) -> None:
        super().__init__(statement, deadlines)
        self._linking = linking
        self._timeout = timeout
        self._token = uuid4().hex
        self._link: Link | None = None
        self._stream: Stream | None = None
        self._batches: Iterator[pa.RecordBatch] = iter(())
        self._killing = Lock()  # taken once
        self._over = Event()

    def _open(self) -> pa.Schema:
        statement = self._statement
        link = self._link = self._linking()
        parameters = name_parameters(statement.parameters)
        question = Question(statement.text, parameters, self._token, self._timeout)
        stream = self._stream = link.open(question)
        types: Types = statement.types or (None,) * len(stream.schema)
        fields = zip(stream.schema, types, strict=True)
        schema = pa.schema([(field.name, find_type(field.type, told)) for field, told in fields])
        self._batches = _bound(stream, schema)
        self._check()
        return schema

    def _read(self) -> pa.RecordBatch | None:
        batch = next(self._batches, None)
        self._check()
        return batch

    def _interrupt(self) -> None:
        if self._killing.acquire(blocking=False):
            Thread(target=self._kill, name="kill", daemon=True).start()

    def _kill(self) -> None:
        end = monotonic() + _KILL_FOR
        while not self._over.is_set() and monotonic() < end:
            if self._link is not None:
                self._link.kill(self._token)
            self._over.wait(_KILL_EVERY)

    def _explain(self, error: Exception) -> PenstockError:
        return translate_error(error)

    def _release(self, *, whole: bool) -> None:  # noqa: ARG002 - nothing of it is used again
        self._over.set()
        stream, self._stream = self._stream, None
        self._batches = iter(())
        if stream is not None:
            stream.close()


def _bound(stream: Stream, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield batches of this schema, none of them with many rows."""
    for batch in stream:
        arrays = [fit(a, t) for a, t in zip(batch.columns, schema.types, strict=True)]
        whole = pa.RecordBatch.from_arrays(arrays, schema=schema)
        for start in range(0, len(whole), BATCH_ROWS):
            yield whole.slice(start, BATCH_ROWS)
