"""Question → bytes, pulled a few chunks at a time, never the whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from time import perf_counter, time

import pyarrow as pa

from penstock.apart import Apart, cut_off, page_schema
from penstock.encode.typed import typed_columns
from penstock.encode.types import Closing, Encoder, Opening, TotalRows
from penstock.engine.types import Running
from penstock.errors import QueryCancelledError
from penstock.pipeline import Pipeline, Question, Stages, warn
from penstock.sql.types import Statement
from penstock.sql_question import SQLQuestion, blaming

_SMALL = 1000  # rows: with no more than these come, the answer may be whole


def open_answer(
    question: Question | SQLQuestion, params: bytes, *, exact_numbers: bool = False
) -> Opening:
    """Return what is known of an answer before it runs; `params` is the question's own JSON."""
    plan = question.plan
    opening = Opening(
        columns=plan.columns,
        query_params=params,
        table_name=plan.table,
        exact_numbers=exact_numbers,
        cut_at=None if question.limited else question.limit,
        warning=plan.warning,
    )
    if not isinstance(question, Question):
        return opening
    return replace(opening, layout=question.layout, sorts=question.plan.sorts)


@dataclass(slots=True)
class AnswerStream:
    """Pulled by one thread at a time; `cancel` may come from any. `began` is a perf_counter."""

    pipeline: Pipeline
    question: Question | SQLQuestion
    encoder: Encoder
    opening: Opening
    stages: Stages
    began: float
    rows: int = 0
    closing: Closing | None = None
    _chunks: Iterator[bytes] | None = None
    _running: Running | None = None
    _apart: Apart | None = None
    _cancelled: bool = field(default=False)

    @property
    def is_whole(self) -> bool:
        return self.closing is not None

    def __iter__(self) -> Iterator[bytes]:
        """Give the whole answer, its tail too; frees what it held, however it ends."""
        try:
            yield from self.read_first()
            while (chunk := self.read()) is not None:
                yield chunk
            yield self.tail()
        finally:
            self.close()

    def read_first(self) -> list[bytes]:
        """Start the query and return the first chunks, all of them if the answer is small."""
        if self.question.limit == self.pipeline.limits.max_rows:  # null, or as many as there may be
            self.opening = replace(self.opening, cut_at=self.question.limit)
        schema, batches = self._start()
        if isinstance(self.question, SQLQuestion):
            columns = typed_columns(self.opening.columns, schema)
            self.opening = replace(self.opening, columns=columns)
        self._chunks = self.encoder.body(self.opening, schema, self._counted(batches))
        first = self.read()
        if first is None:
            return []
        if self.rows > _SMALL:
            return [first]
        second = self.read()
        return [first] if second is None else [first, second]

    def read(self) -> bytes | None:
        """Return the next chunk of the body, None after the last: the answer is whole then."""
        if self._chunks is None or self.is_whole:
            return None
        start, before = perf_counter(), self.stages.seconds.get("database", 0.0)
        chunk = next(self._chunks, None)
        database = self.stages.seconds.get("database", 0.0) - before
        self.stages.add("encode", perf_counter() - start - database)
        if chunk is None:
            self.closing = self._close()
        return chunk

    def tail(self, *, cache: bool = False) -> bytes:
        """Return what follows the body. Raises nothing once the answer is whole."""
        assert self.closing is not None  # noqa: S101 - the caller has seen the last chunk
        return self.encoder.tail(self.opening, replace(self.closing, cache=cache))

    def cancel(self) -> None:
        """Stop the query in the database: nobody is waiting for it any more."""
        self._cancelled = True
        if self._running is not None:
            self._running.cancel()

    def close(self) -> None:
        """Free what the query held; the answer need not be whole."""
        if self._running is not None:
            self._running.close()

    def _run(self, statement: Statement) -> Running:
        start = perf_counter()
        running = self.pipeline.run(self.question.plan.database, statement)
        self._running = running
        # Engines may put off the work until it is known what comes back.
        with blaming(self.question):
            _ = running.schema
        self.stages.add("database", perf_counter() - start)
        if self._cancelled:
            running.close()
            raise QueryCancelledError("The caller left.")
        return running

    def _start(self) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """Start what gives the rows: with the totals in one, where that can be and they show."""
        question = self.question
        if isinstance(question, Question) and question.together and self.encoder.shows_totals:
            running = self._run(question.together.statement)
            apart = Apart(question.plan, question.together)
            page = apart.page(self._batches(running))
            if page is not None:
                self._apart = apart
                return page_schema(running.schema), cut_off(page, question.limit)
            running.close()
        running = self._run(question.rows)
        return running.schema, self._batches(running)

    def _batches(self, running: Running) -> Iterator[pa.RecordBatch]:
        while True:
            start = perf_counter()
            with blaming(self.question):
                batch = next(running, None)
            self.stages.add("database", perf_counter() - start)
            if batch is None:
                return
            yield batch

    def _counted(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            self.rows += batch.num_rows
            yield batch

    def _close(self) -> Closing:
        self.close()
        return Closing(
            timestamp=int(time()),
            hints=self._count(),
            totals=self._totals() if self.encoder.shows_totals else (),
            warning=warn(self.question, self.rows, self.pipeline.limits.max_rows),
            duration=round(perf_counter() - self.began, 6),
        )

    def _totals(self) -> tuple[TotalRows, ...]:
        if self._apart is not None:
            return self._apart.totals()
        found = []
        for total, statement in zip(self.question.plan.totals, self.question.totals, strict=True):
            running = self._run(statement)
            try:
                found.append(TotalRows(total.name, total.plan.columns, tuple(running)))
            finally:
                running.close()
        return tuple(found)

    def _count(self) -> int | None:
        """Return the number of rows without skip and limit, None where it was not asked."""
        if self.question.count is None:
            return None
        running = self._run(self.question.count)
        try:
            return int(next(running).column(0)[0].as_py())
        finally:
            running.close()
