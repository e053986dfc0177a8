"""One statement under way: started, read and ended by one thread, stopped by any."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Self, TypeVar

import pyarrow as pa

from penstock.engine.deadlines import Deadlines
from penstock.engine.failures import late
from penstock.errors import PenstockError, QueryCancelledError
from penstock.sql.types import Statement

_T = TypeVar("_T")


class UnderWay(ABC):
    """Implements Running. The statement starts with the first look at its schema or rows.

    So `cancel` can reach it while the database still computes the first row. One thread reads;
    any may cancel, close, or see the time run out. What an engine does otherwise is in its hooks:
    all but `_interrupt` are called by whoever holds `_reading`, so by one thread at a time.
    """

    def __init__(self, statement: Statement, deadlines: Deadlines) -> None:
        self._statement = statement
        self._deadlines = deadlines
        self._reading = Lock()  # held by whoever reads, or ends, the statement
        # Guards `_reason`, and what `_interrupt` reaches: no interrupt may reach its next user.
        self._holding = Lock()
        self._schema: pa.Schema | None = None
        self._reason: PenstockError | None = None
        self._ended = False

    @abstractmethod
    def _open(self) -> pa.Schema:
        """Send the statement and return the schema of what comes."""

    @abstractmethod
    def _read(self) -> pa.RecordBatch | None:
        """Return the next batch, None after the last."""

    @abstractmethod
    def _interrupt(self) -> None:
        """Wake the thread that reads, from another one; again and again until it has ended."""

    @abstractmethod
    def _explain(self, error: Exception) -> PenstockError:
        """Return what to say of an error that is not ours."""

    @abstractmethod
    def _release(self, *, whole: bool) -> None:
        """Free what is held, if anything is; kept for others if the statement is `whole`."""

    def _is_over(self, error: Exception) -> bool:  # noqa: ARG002 - for those that can tell
        """Whether the database is through with a statement that failed, as with a whole one."""
        return False

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
            batch = self._attempt(self._read)
            if batch is None:
                self._end(whole=True)
                raise StopIteration
            return batch

    def cancel(self) -> None:
        self._leave(QueryCancelledError("The query was cancelled."))

    def close(self) -> None:
        """Free what the statement held. Rows not read yet are gone: reading on then raises."""
        self._leave(QueryCancelledError("The query was closed."))

    def abandon(self) -> None:
        """Close at once, in this thread: the engine closes, and its deadlines with it."""
        if not self._ended:
            self._stop(QueryCancelledError("The query was closed."))

    def expire(self) -> None:
        """Stop the statement because its time is over; called again until it has ended."""
        if self._ended:  # whoever left it as it ended has it watched still
            self._deadlines.forget(self)
        else:
            self._stop(late())

    def _start(self) -> None:
        self._check()
        if self._schema is None:
            self._schema = self._attempt(self._open)

    def _check(self) -> None:
        """Raise what ends the statement, if something does."""
        if self._reason is not None:
            raise self._reason

    def _attempt(self, step: Callable[[], _T]) -> _T:
        try:
            return step()
        except Exception as error:  # whatever it is, callers never see the driver's words
            failure = self._fail(error)
            if failure is error:
                raise
            raise failure from error

    def _fail(self, error: Exception) -> PenstockError:
        """End the statement and return what to raise."""
        failure = self._reason
        if failure is None:
            found = error if isinstance(error, PenstockError) else self._explain(error)
            failure = self._tell(found)
        self._end(whole=self._is_over(error))
        return failure

    def _leave(self, reason: PenstockError) -> None:
        if self._ended:
            return
        self._stop(reason)
        if not self._ended:
            # Too early, and it would start all the same: so again, until it has ended.
            self._deadlines.watch(self, monotonic())

    def _stop(self, reason: PenstockError) -> None:
        """End the statement, or have the thread that reads it do so."""
        self._tell(reason)
        if self._reading.acquire(blocking=False):
            try:
                self._end(whole=False)
            finally:
                self._reading.release()
        else:
            self._interrupt()

    def _tell(self, reason: PenstockError) -> PenstockError:
        """Say why the statement ends; return what was said first. What is whole stays so."""
        with self._holding:
            if self._reason is None and not self._ended:
                self._reason = reason
            return self._reason or reason

    def _end(self, *, whole: bool) -> None:
        with self._holding:
            self._ended = True
        self._deadlines.forget(self)
        self._release(whole=whole)
