from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import duckdb
import pytest

from engine.databases import DATA, opened, read, rows, settings
from penstock.engine.duckdb import DuckDB
from penstock.engine.duckdb.open import open_database
from penstock.engine.duckdb.rows import BATCH_ROWS, open_reader
from penstock.engine.files import read_files
from penstock.errors import (
    EngineError,
    QueryCancelledError,
    QueryTimeoutError,
    ResultOverflowError,
    UncomputableError,
)
from penstock.sql.types import Statement

ENDLESS = Statement("SELECT count(*) AS n FROM range(1000000000000) t(a) WHERE a % 7 = 3", ())
LONG = Statement("SELECT f.* FROM flights f, range(5000)", ())


def test_parameters_are_values(demo: DuckDB) -> None:
    hostile = "'; DROP TABLE flights; --"

    assert rows(demo, "SELECT ? AS a, ? AS b", hostile, Decimal("1.50")) == [
        (hostile, Decimal("1.50"))
    ]
    assert rows(demo, "SELECT count(*) AS n FROM flights WHERE carrier = ?", hostile) == [(0,)]


def test_a_listing_comes_whole_and_in_bounded_batches(demo: DuckDB) -> None:
    running = demo.run(Statement("SELECT * FROM flights", ()), timeout=30)
    sizes = [batch.num_rows for batch in running]

    assert sum(sizes) == 336_776
    assert max(sizes) <= BATCH_ROWS


def test_the_schema_is_known_before_and_after_the_rows(demo: DuckDB) -> None:
    running = demo.run(Statement("SELECT 1::BIGINT AS a, 'x' AS b WHERE false", ()), timeout=30)
    before = running.schema

    assert sum(batch.num_rows for batch in running) == 0
    assert running.schema == before
    assert before.names == ["a", "b"]


def test_a_finished_statement_stays_finished(demo: DuckDB) -> None:
    running = demo.run(Statement("SELECT 1 AS a", ()), timeout=30)
    assert len(list(running)) == 1

    running.cancel()
    running.close()
    assert list(running) == []


@pytest.mark.parametrize("statement", [ENDLESS, LONG])
def test_the_time_runs_out_for_a_statement_under_way(demo: DuckDB, statement: Statement) -> None:
    running = demo.run(statement, timeout=0.1)

    with pytest.raises(QueryTimeoutError):
        for _ in running:
            pass
    with pytest.raises(QueryTimeoutError):
        next(running)


def test_the_time_runs_out_while_nobody_reads(demo: DuckDB) -> None:
    running = demo.run(LONG, timeout=0.1)
    next(running)
    time.sleep(0.3)

    with pytest.raises(QueryTimeoutError):
        next(running)


def test_the_time_runs_out_before_the_start(demo: DuckDB) -> None:
    running = demo.run(ENDLESS, timeout=0)
    time.sleep(0.3)

    with pytest.raises(QueryTimeoutError):
        _ = running.schema


@pytest.mark.parametrize("statement", [ENDLESS, LONG])
@pytest.mark.parametrize("stop", ["cancel", "close"])
def test_another_thread_stops_a_statement_under_way(
    demo: DuckDB, statement: Statement, stop: str
) -> None:
    running = demo.run(statement, timeout=60)
    threading.Timer(0.1, getattr(running, stop)).start()

    with pytest.raises(QueryCancelledError):
        for _ in running:
            pass


def test_a_statement_cancelled_before_its_start_never_starts(demo: DuckDB) -> None:
    running = demo.run(ENDLESS, timeout=60)
    running.cancel()

    with pytest.raises(QueryCancelledError):
        next(running)


def test_a_closed_statement_does_not_look_whole(demo: DuckDB) -> None:
    running = demo.run(LONG, timeout=60)
    next(running)
    running.close()

    with pytest.raises(QueryCancelledError):
        next(running)


def test_closing_stops_the_work(demo: DuckDB) -> None:
    running = demo.run(LONG, timeout=60)
    next(running)
    running.close()

    before = time.process_time()
    time.sleep(0.2)
    assert time.process_time() - before < 0.15


def test_a_cancel_at_any_moment_hits_its_own_statement_only(demo: DuckDB) -> None:
    def run(number: int) -> bool:
        statement = Statement("SELECT sum(distance) + ? AS n FROM flights", (number,))
        running = demo.run(statement, timeout=60)
        if number % 2:
            threading.Timer(number / 20_000, running.cancel).start()
        try:
            found = next(running).column(0)[0].as_py()
        except QueryCancelledError:
            return number % 2 == 1
        finally:
            running.close()
        return bool(found == 350_217_607 + number)

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(run, range(150)))


def test_eight_statements_at_once_give_eight_right_answers(demo: DuckDB) -> None:
    origins = {"EWR": 127_691_515, "JFK": 140_906_931, "LGA": 81_619_161}
    text = "SELECT sum(distance)::BIGINT AS d FROM flights WHERE origin = ?"

    def ask(number: int) -> bool:
        origin = list(origins)[number % 3]
        return rows(demo, text, origin) == [(origins[origin],)]

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, range(96)))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT CAST(sum(x) AS BIGINT) AS s FROM (VALUES (9223372036854775807), (5)) t(x)",
        "SELECT x + x AS s FROM (VALUES (9223372036854775807::BIGINT)) t(x)",
        "SELECT i + 9223372036854775000 AS s FROM range(900000) t(i)",
    ],
)
def test_a_number_too_large_is_an_error_and_never_a_wrong_number(demo: DuckDB, text: str) -> None:
    with pytest.raises(ResultOverflowError):
        read(demo, text)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT CAST('secret value' AS INT) AS a",
        "SELECT CAST(if(i = 900000, 'x', '1') AS INT) AS a FROM range(1000000) t(i)",
        "SELECT strptime('secret value', '%d') AS a",
    ],
)
def test_a_value_that_cannot_be_computed_is_not_told(demo: DuckDB, text: str) -> None:
    with pytest.raises(UncomputableError) as caught:
        read(demo, text)

    assert "secret" not in f"{caught.value.detail}{caught.value.hint}"
    assert isinstance(caught.value.__cause__, (duckdb.Error, OSError))


@pytest.mark.parametrize("text", ["SELECT nothing FROM flights", "SELECT ? AS a"])
def test_other_errors_say_nothing_of_the_statement(demo: DuckDB, text: str) -> None:
    with pytest.raises(EngineError) as caught:
        read(demo, text)

    assert caught.value.detail == "The database could not answer this query."
    assert isinstance(caught.value.__cause__, (duckdb.Error, OSError))


def test_a_value_the_driver_cannot_take_is_an_error_of_ours(demo: DuckDB) -> None:
    for value in (10**50, "\ud800"):
        with pytest.raises(EngineError):
            read(demo, "SELECT ? AS a", value)


def test_too_little_memory_says_what_to_do() -> None:
    with (
        opened(DATA, {"airlines": "airlines.parquet"}, memory=30 << 20) as engine,
        pytest.raises(EngineError) as caught,
    ):
        read(engine, "SELECT list(i) AS a FROM range(30000000) t(i)")

    assert caught.value.hint is not None
    assert "memory" in caught.value.hint


def test_an_error_leaves_the_engine_as_it_was(demo: DuckDB) -> None:
    for _ in range(20):
        with pytest.raises(EngineError):
            read(demo, "SELECT nothing FROM flights")
        assert rows(demo, "SELECT count(*) AS n FROM airlines") == [(16,)]


def test_the_fast_and_the_promised_way_give_the_same() -> None:
    statement = Statement("SELECT origin, distance FROM flights LIMIT ?", (50_000,))
    files = read_files({"flights": DATA / "flights.parquet"})
    database = open_database(settings(DATA), files, None)
    cursor = database.take()

    class Promised:
        sql = cursor.sql

    fast = open_reader(cursor, statement).read_all()
    promised = open_reader(Promised(), statement).read_all()  # type: ignore[arg-type]  # less of it
    assert fast == promised
