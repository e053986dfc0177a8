"""One statement and many at once: streamed, timed, cancelled, closed."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from contract.asking import read, run, wait_until
from contract.data import THINGS
from contract.types import Contender, Server
from penstock.engine.load import open_engine
from penstock.engine.types import Engine
from penstock.errors import (
    EngineError,
    QueryCancelledError,
    QueryTimeoutError,
    UnavailableError,
    UncomputableError,
)
from penstock.model.types import DataType
from penstock.sql.types import Statement

MILLION = 1_000_000
INTEGER = (DataType.INTEGER,)


def counting(contender: Contender, number: int) -> Statement:
    return Statement(contender.counting.format(n=number), (), INTEGER)


def endless(contender: Contender) -> Statement:
    return Statement(contender.endless, (), INTEGER)


def test_a_million_rows_come_in_bounded_batches(contender: Contender, engine: Engine) -> None:
    rows = total = most = 0
    for batch in engine.run(counting(contender, MILLION), timeout=110):
        rows += batch.num_rows
        total += sum(batch.column(0).to_pylist())
        most = max(most, batch.num_rows)

    assert (rows, total) == (MILLION, MILLION * (MILLION + 1) // 2)
    assert most <= 65_536


def test_the_schema_is_known_before_the_rows_and_stays(
    contender: Contender, engine: Engine
) -> None:
    running = engine.run(counting(contender, 3), timeout=30)
    before = running.schema
    list(running)

    assert before.names == ["i"]
    assert running.schema == before


def test_a_value_that_cannot_be_read_as_another_type_is_told_apart(
    contender: Contender, engine: Engine
) -> None:
    with pytest.raises(UncomputableError):
        read(engine, Statement(contender.uncomputable, (), INTEGER))

    assert read(engine, counting(contender, 3)).num_rows == 3


def test_a_finished_statement_stays_finished(contender: Contender, engine: Engine) -> None:
    running = engine.run(counting(contender, 3), timeout=30)
    assert sum(batch.num_rows for batch in running) == 3

    running.cancel()
    running.close()
    assert list(running) == []


def test_the_time_runs_out_and_the_database_is_idle_afterwards(
    contender: Contender, server: Server, engine: Engine
) -> None:
    running = engine.run(endless(contender), timeout=0.3)

    for _ in range(2):
        with pytest.raises(QueryTimeoutError):
            next(running)
    assert wait_until(lambda: not server.busy())


def test_the_time_runs_out_while_nobody_reads(contender: Contender, engine: Engine) -> None:
    running = engine.run(counting(contender, 100 * MILLION), timeout=1.5)
    next(running)
    time.sleep(2)

    with pytest.raises(QueryTimeoutError):
        next(running)


@pytest.mark.parametrize("stop", ["cancel", "close"])
def test_another_thread_stops_a_statement_and_the_database_is_idle_afterwards(
    contender: Contender, server: Server, engine: Engine, stop: str
) -> None:
    running = engine.run(endless(contender), timeout=100)
    seen: list[bool] = []

    def end() -> None:
        seen.append(wait_until(server.busy))
        getattr(running, stop)()

    thread = threading.Thread(target=end)
    thread.start()
    with pytest.raises(QueryCancelledError):
        next(running)
    thread.join()

    assert seen == [True]
    assert wait_until(lambda: not server.busy())


def test_a_statement_closed_half_way_stops_in_the_database(
    contender: Contender, server: Server, engine: Engine
) -> None:
    running = engine.run(counting(contender, 100 * MILLION), timeout=100)
    next(running)
    running.close()

    with pytest.raises(QueryCancelledError):
        next(running)
    assert wait_until(lambda: not server.busy())


def test_a_statement_cancelled_before_its_start_never_starts(
    contender: Contender, engine: Engine
) -> None:
    running = engine.run(endless(contender), timeout=100)
    running.cancel()
    running.close()

    with pytest.raises(QueryCancelledError):
        next(running)


def test_a_cancel_hits_its_own_statement_only(contender: Contender, engine: Engine) -> None:
    def one(number: int) -> bool:
        running = engine.run(counting(contender, 1000 + number), timeout=60)
        if number % 2:
            threading.Timer(number / 5_000, running.cancel).start()
        try:
            found = sum(batch.num_rows for batch in running)
        except QueryCancelledError:
            return number % 2 == 1
        finally:
            running.close()
        return bool(found == 1000 + number)

    with ThreadPoolExecutor(6) as threads:
        assert all(threads.map(one, range(60)))


def test_many_statements_at_once_give_right_answers(contender: Contender, engine: Engine) -> None:
    def one(number: int) -> bool:
        table = read(engine, counting(contender, 100 * number))
        return bool(table.num_rows == 100 * number)

    with ThreadPoolExecutor(12) as threads:
        assert all(threads.map(one, range(1, 61)))


def test_an_error_says_nothing_and_leaves_the_engine_as_it_was(
    contender: Contender, engine: Engine
) -> None:
    for _ in range(20):
        with pytest.raises(EngineError) as caught:
            run(engine, "SELECT secret_word FROM things")
        assert "secret_word" not in caught.value.detail + str(caught.value.hint)
        assert read(engine, counting(contender, 2)).num_rows == 2


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO things (id) VALUES (99)",
        "DELETE FROM things",
        "UPDATE things SET id = 99",
        "DROP TABLE things",
        "CREATE TABLE other (id INTEGER)",
    ],
)
def test_nothing_can_be_written(engine: Engine, text: str) -> None:
    with pytest.raises(EngineError):
        run(engine, text)

    assert engine.count((THINGS.name,)) == len(THINGS.rows)


def test_a_closed_engine_stops_what_runs_and_what_comes_after(
    contender: Contender, server: Server
) -> None:
    engine = open_engine(contender.name, server.settings())
    running = engine.run(counting(contender, 100 * MILLION), timeout=100)
    next(running)
    engine.close()
    engine.close()

    with pytest.raises(QueryCancelledError):
        list(running)
    with pytest.raises(UnavailableError):
        list(engine.run(counting(contender, 1), timeout=30))
    assert wait_until(lambda: not server.busy())
