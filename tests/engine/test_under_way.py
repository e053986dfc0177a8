from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pyarrow as pa
import pytest

from penstock.engine.deadlines import Deadlines
from penstock.engine.under_way import UnderWay
from penstock.errors import (
    EngineError,
    PenstockError,
    QueryCancelledError,
    QueryTimeoutError,
    UnavailableError,
)
from penstock.sql.types import Statement

SCHEMA = pa.schema([("n", pa.int64())])
WAIT = 30


def nothing() -> None: ...


class Counting(UnderWay):
    """Counts to `last`, a batch for each number, in a database that is a list.

    `before` is what happens in it before each batch: it may wait for `woken`, or fail.
    """

    def __init__(
        self, deadlines: Deadlines, last: int = 2, before: Callable[[], None] = nothing
    ) -> None:
        super().__init__(Statement("", ()), deadlines)
        self.left = list(range(last, 0, -1))
        self.before = before
        self.begun = Event()
        self.woken = Event()
        self.interrupts = 0
        self.released: list[bool] = []
        self.abandoned = False

    def abandon(self) -> None:
        self.abandoned = True
        super().abandon()

    def wait(self) -> None:
        """Be where the database computes, until a second interrupt: the first came too early."""
        self.begun.set()
        assert self.woken.wait(WAIT)

    def _open(self) -> pa.Schema:
        return SCHEMA

    def _read(self) -> pa.RecordBatch | None:
        self.before()
        self._check()
        return pa.RecordBatch.from_arrays([[self.left.pop()]], schema=SCHEMA) if self.left else None

    def _interrupt(self) -> None:
        self.interrupts += 1
        if self.interrupts > 1:
            self.woken.set()

    def _explain(self, error: Exception) -> PenstockError:
        return EngineError(f"A {type(error).__name__} happened.")

    def _is_over(self, error: Exception) -> bool:
        return isinstance(error, KeyError)

    def _release(self, *, whole: bool) -> None:
        self.released.append(whole)


def numbers(running: UnderWay) -> list[int]:
    return [value.as_py() for batch in running for value in batch.column(0)]


def waiting(deadlines: Deadlines) -> Counting:
    running = Counting(deadlines)
    running.before = running.wait
    return running


def failing(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


@pytest.fixture
def deadlines() -> Deadlines:
    return Deadlines()


def test_what_is_read_to_its_end_is_whole_and_stays_so(deadlines: Deadlines) -> None:
    running = Counting(deadlines)
    assert running.schema == SCHEMA
    assert numbers(running) == [1, 2]

    running.cancel()
    running.expire()
    running.abandon()
    assert numbers(running) == []
    assert running.released == [True]


@pytest.mark.parametrize("batches", [0, 1])
@pytest.mark.parametrize("stop", ["cancel", "close", "abandon"])
def test_what_nobody_reads_ends_at_once(deadlines: Deadlines, stop: str, batches: int) -> None:
    running = Counting(deadlines)
    for _ in range(batches):
        next(running)
    getattr(running, stop)()

    assert (running.released, running.interrupts) == ([False], 0)
    with pytest.raises(QueryCancelledError):
        next(running)


@pytest.mark.parametrize("stop", ["cancel", "close"])
def test_a_reader_that_waits_is_interrupted_until_it_has_ended(
    deadlines: Deadlines, stop: str
) -> None:
    running = waiting(deadlines)
    with ThreadPoolExecutor(1) as reader:
        found = reader.submit(next, running)
        assert running.begun.wait(WAIT)
        getattr(running, stop)()

        assert isinstance(found.exception(WAIT), QueryCancelledError)
    assert running.interrupts > 1
    assert running.released == [False]


def test_the_first_reason_is_the_one_that_is_told(deadlines: Deadlines) -> None:
    running = Counting(deadlines)
    running.expire()
    running.cancel()

    with pytest.raises(QueryTimeoutError):
        next(running)


def test_a_reason_goes_before_the_error_it_brings_about(deadlines: Deadlines) -> None:
    running = Counting(deadlines)

    def interrupted() -> None:
        running.cancel()
        raise OSError

    running.before = interrupted
    with pytest.raises(QueryCancelledError) as caught:
        next(running)
    assert isinstance(caught.value.__cause__, OSError)


def test_a_drivers_error_is_the_cause_of_ours(deadlines: Deadlines) -> None:
    error = OSError("secret")
    running = Counting(deadlines, before=failing(error))

    for cause in (error, None):
        with pytest.raises(EngineError, match="A OSError happened") as caught:
            next(running)
        assert caught.value.__cause__ is (cause or error)
    assert running.released == [False]


def test_an_error_of_ours_is_told_as_it_is(deadlines: Deadlines) -> None:
    error = UnavailableError("Gone.")
    running = Counting(deadlines, before=failing(error))

    with pytest.raises(UnavailableError) as caught:
        next(running)
    assert caught.value is error
    assert error.__cause__ is None


def test_what_failed_is_kept_where_the_database_is_through_with_it(deadlines: Deadlines) -> None:
    running = Counting(deadlines, before=failing(KeyError()))

    with pytest.raises(EngineError):
        next(running)
    assert running.released == [True]


def test_what_was_left_as_it_ended_is_not_watched_for_ever(deadlines: Deadlines) -> None:
    running = Counting(deadlines)
    list(running)
    deadlines.watch(running, 0)
    running.expire()
    deadlines.close()

    assert (running.released, running.abandoned) == ([True], False)
