"""One statement over several databases under way: its parts, read and joined."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from threading import Lock
from time import monotonic

import pyarrow as pa

from penstock.engine.deadlines import Deadlines
from penstock.engine.duckdb.joining import Desk, explain
from penstock.engine.types import Engine, Running
from penstock.errors import PenstockError, QueryCancelledError
from penstock.sql.across import longest_list, narrow_statement
from penstock.sql.types import Part, Statement


@dataclass(frozen=True, slots=True)
class Timing:
    """Until when a statement may run (monotonic seconds), and the thread that sees to it."""

    deadline: float
    deadlines: Deadlines

    @property
    def left(self) -> float:
        return max(0.0, self.deadline - monotonic())


class Parts:
    """Implements `fetching.Source`: opened and read by one thread, interrupted by any."""

    def __init__(
        self,
        desk: Callable[[], Desk],
        engines: Mapping[str, Engine],
        statement: Statement,
        timing: Timing,
    ) -> None:
        self._new_desk = desk
        self._desk: Desk | None = None
        self._engines = engines
        self._statement = statement
        self._timing = timing
        self._holding = Lock()  # guards `_runnings` and `_stopped`
        self._runnings: list[Running] = []
        self._stopped = False
        self._failure: PenstockError | None = None

    def open(self) -> pa.Schema:
        self._desk = desk = self._new_desk()
        for part in self._statement.parts:
            reader = self._start(part, desk)
            lay = desk.keep if part.fragment.kept else desk.stream
            lay(part.fragment.name, reader)
        return desk.start(self._statement)

    def read(self) -> pa.RecordBatch | None:
        return None if self._desk is None else self._desk.read()

    def interrupt(self) -> None:
        with self._holding:
            self._stopped = True
            runnings = tuple(self._runnings)
        for running in runnings:
            running.cancel()
        if self._desk is not None:
            self._desk.interrupt()

    def close(self) -> None:
        with self._holding:
            self._stopped = True
            runnings = tuple(self._runnings)
        for running in runnings:
            running.close()
        if self._desk is not None:
            self._desk.close()
        self._timing.deadlines.close()

    def explain(self, error: Exception) -> PenstockError:
        """Say what went wrong: the join fails wherever a part does, in words of its own."""
        return self._failure or explain(error)

    def _start(self, part: Part, desk: Desk) -> pa.RecordBatchReader:
        """Have a database begin with its part."""
        database = part.fragment.plan.database
        statement = self._narrowed(part, desk)
        running = self._engines[database].run(statement, timeout=self._timing.left)
        with self._holding:
            self._runnings.append(running)
            stopped = self._stopped
        if stopped:
            running.cancel()
        try:
            schema = running.schema
        except PenstockError as error:
            raise _named(error, database) from error
        return pa.RecordBatchReader.from_batches(schema, self._batches(running, database))

    def _batches(self, running: Running, database: str) -> Iterator[pa.RecordBatch]:
        try:
            yield from running
        except PenstockError as error:
            self._failure = _named(error, database)
            raise
        finally:
            running.close()

    def _narrowed(self, part: Part, desk: Desk) -> Statement:
        """Return the part's statement, for only the rows that the parts before it leave a use."""
        statement, dialect = part.statement, self._engines[part.fragment.plan.database].dialect
        longest = longest_list(dialect)
        for narrowing in part.fragment.narrowings:
            found = desk.values(narrowing.by, narrowing.other, min(narrowing.most, longest))
            if found is not None:
                column = (narrowing.column, narrowing.type)
                statement = narrow_statement(statement, column, found, dialect=dialect)
        return statement


def _named(error: PenstockError, database: str) -> PenstockError:
    """Return an error that says in which database it was. Who left need not be told."""
    if isinstance(error, QueryCancelledError):
        return error
    return type(error)(f"In the database {database!r}: {error.detail}", hint=error.hint)
