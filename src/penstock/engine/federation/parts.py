"""One statement over several databases under way: its parts, read and joined."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from threading import Lock
from time import monotonic
from typing import Final

import pyarrow as pa

from penstock.engine.deadlines import Deadlines
from penstock.engine.duckdb.joining import Desk, explain
from penstock.engine.types import Engine, Running
from penstock.errors import PenstockError, QueryCancelledError
from penstock.sql.across import longest_list, narrow_statement
from penstock.sql.lists import write_list
from penstock.sql.types import Bound, Part, Statement

_INT64: Final = 1 << 63


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
        self._instead: Iterator[pa.RecordBatch] | None = None

    def open(self) -> pa.Schema:
        self._desk = desk = self._new_desk()
        for part in self._statement.parts:
            whole = self._whole_of(part, desk)
            if whole is not None:
                running = self._begin(*whole)
                self._instead = self._batches(running, whole[0])
                return running.schema
            database = part.fragment.plan.database
            running = self._begin(database, self._narrowed(part, desk))
            rows = self._batches(running, database)
            lay = desk.keep if part.fragment.kept else desk.stream
            lay(part.fragment.name, pa.RecordBatchReader.from_batches(running.schema, rows))
        return desk.start(self._statement)

    def read(self) -> pa.RecordBatch | None:
        if self._instead is not None:
            return next(self._instead, None)
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

    def _begin(self, database: str, statement: Statement) -> Running:
        """Have a database begin with its part."""
        running = self._engines[database].run(statement, timeout=self._timing.left)
        with self._holding:
            self._runnings.append(running)
            stopped = self._stopped
        if stopped:
            running.cancel()
        try:
            _ = running.schema
        except PenstockError as error:
            raise _named(error, database) from error
        return running

    def _whole_of(self, part: Part, desk: Desk) -> tuple[str, Statement] | None:
        """Return who answers all of it by itself, and what it is asked; None if nobody does.

        That is seen where the part's turn comes: what it is narrowed by is there then.
        """
        whole = self._statement.whole
        if whole is None or whole.part != part.fragment.name:
            return None
        parameters = list(whole.statement.parameters)
        for index, sought in enumerate(whole.sought):
            if sought is None:
                continue
            by = sought.narrowing
            found = desk.values(by.by, by.other, by.most)
            if found is None or not all(map(_is_listed, found)):
                return None
            parameters[index] = write_list(found, sought.writing)
        return whole.database, replace(whole.statement, parameters=tuple(parameters))

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


def _is_listed(key: Bound) -> bool:
    """Whether a list of the language's integers has room for it: unsigned ones may be larger."""
    return isinstance(key, int) and -_INT64 <= key < _INT64


def _named(error: PenstockError, database: str) -> PenstockError:
    """Return an error that says in which database it was. Who left need not be told."""
    if isinstance(error, QueryCancelledError):
        return error
    return type(error)(f"In the database {database!r}: {error.detail}", hint=error.hint)
