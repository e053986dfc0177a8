from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from datetime import time as time_of_day
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from engine.trino.asking import opened, read, rows, settings
from penstock.engine.load import open_engine
from penstock.engine.trino import Trino
from penstock.engine.types import Option
from penstock.errors import (
    ConfigurationError,
    EngineError,
    QueryCancelledError,
    QueryTimeoutError,
    ResultOverflowError,
    UnavailableError,
    UncomputableError,
)
from penstock.model.types import DataType
from penstock.secret import Secret
from penstock.sql.types import Statement
from support.trino_coordinator import Coordinator, run_coordinator

ENDLESS = Statement(
    "SELECT COUNT(*) AS n FROM flights a, flights b, flights c WHERE a.day + b.day + c.day = 7", ()
)


def test_parameters_are_values_and_stand_apart_from_the_statement(
    flights: Trino, coordinator: Coordinator
) -> None:
    hostile = "'; DROP TABLE flights; --\\"
    at = datetime(2013, 1, 31, 23, 59, 59, 999999)  # noqa: DTZ001 - without a zone is what is tested
    days = (date(2013, 1, 31), at, at.replace(tzinfo=UTC), time_of_day(10, 0, 0, 1))
    values = (hostile, 2**62, True, b"\x00'\xff", 0.1, None, *days)
    text = "SELECT " + ", ".join(f"? AS a{number}" for number, _ in enumerate(values))

    assert rows(flights, text, *values) == [values]
    assert coordinator.asked[-1].text.startswith(f"EXECUTE IMMEDIATE '{text}' USING ")


def test_a_decimal_keeps_its_digits(flights: Trino) -> None:
    (found,) = rows(flights, "SELECT CAST(? AS DECIMAL(38, 2)) AS a", Decimal("1234567890.50"))

    assert found == (Decimal("1234567890.50"),)


def test_pages_follow_one_another_to_the_last(flights: Trino, coordinator: Coordinator) -> None:
    running = flights.run(Statement("SELECT * FROM flights LIMIT 3500", ()), timeout=30)
    sizes = [batch.num_rows for batch in running]

    assert sizes == [1000, 1000, 1000, 500]
    assert not coordinator.asked[-1].deleted


def test_the_schema_is_known_where_there_are_no_rows(flights: Trino) -> None:
    running = flights.run(Statement("SELECT 1 AS a, 'x' AS b WHERE false", ()), timeout=30)

    assert running.schema.names == ["a", "b"]
    assert list(running) == []


def test_columns_are_of_the_types_of_the_model(flights: Trino) -> None:
    text = "SELECT CAST(1 AS TINYINT) AS a, CAST(0.5 AS REAL) AS b, CAST(NULL AS DATE) AS c"
    types = (DataType.INTEGER, DataType.FLOAT, DataType.DATE)

    table = read(flights, text, types=types)

    assert [str(type_) for type_ in table.schema.types] == ["int64", "double", "date32[day]"]


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE stolen AS SELECT * FROM flights",
        "DROP TABLE flights",
        "INSERT INTO flights SELECT * FROM flights",
        "SET SESSION query_max_run_time = '1h'",
        "CALL system.runtime.kill_query('x')",
        "EXECUTE IMMEDIATE 'DROP TABLE flights'",
        "SELECT 1; SELECT 2",
    ],
)
def test_only_queries_are_sent(flights: Trino, coordinator: Coordinator, text: str) -> None:
    before = len(coordinator.asked)

    with pytest.raises(EngineError) as caught:
        read(flights, text)

    assert isinstance(caught.value.__cause__, PermissionError)
    assert len(coordinator.asked) == before


def test_errors_say_nothing_of_the_statement(flights: Trino) -> None:
    with pytest.raises(EngineError) as caught:
        read(flights, "SELECT nothing FROM flights")
    with pytest.raises(UncomputableError) as computed:
        read(flights, "SELECT CAST('secret value' AS INTEGER) AS a")

    assert caught.value.detail == "The database could not answer this query."
    assert "secret" not in f"{computed.value.detail}{computed.value.hint}"


def test_a_number_too_large_is_an_error_and_never_a_wrong_number(flights: Trino) -> None:
    with pytest.raises(ResultOverflowError):
        read(flights, "SELECT ? + ? AS a", 2**63 - 1, 2**63 - 1)


def wait_until(is_so: Callable[[], bool]) -> bool:
    end = time.monotonic() + 30
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_the_time_runs_out_and_the_coordinator_is_told(
    flights: Trino, coordinator: Coordinator
) -> None:
    running = flights.run(ENDLESS, timeout=1)

    with pytest.raises(QueryTimeoutError):
        next(running)
    query = coordinator.asked[-1]
    assert query.headers["X-Trino-Session"] == "query_max_run_time=1.00s"
    assert query.headers["X-Trino-Time-Zone"] == "UTC"
    assert wait_until(lambda: query.deleted and query.done.is_set())


@pytest.mark.parametrize("stop", ["cancel", "close"])
def test_another_thread_stops_a_statement_under_way(
    flights: Trino, coordinator: Coordinator, stop: str
) -> None:
    running = flights.run(ENDLESS, timeout=60)
    threading.Timer(0.5, getattr(running, stop)).start()

    with pytest.raises(QueryCancelledError):
        next(running)
    assert wait_until(lambda: coordinator.asked[-1].deleted)


def test_a_statement_cancelled_before_its_start_is_never_sent(
    flights: Trino, coordinator: Coordinator
) -> None:
    before = len(coordinator.asked)
    running = flights.run(ENDLESS, timeout=60)
    running.cancel()

    with pytest.raises(QueryCancelledError):
        next(running)
    assert len(coordinator.asked) == before


def test_closing_between_two_pages_tells_the_coordinator(
    flights: Trino, coordinator: Coordinator
) -> None:
    running = flights.run(Statement("SELECT * FROM flights LIMIT 3000", ()), timeout=60)
    next(running)
    running.close()

    assert wait_until(lambda: coordinator.asked[-1].deleted)
    with pytest.raises(QueryCancelledError):
        next(running)


def test_a_coordinator_that_is_busy_for_a_moment_is_asked_again(
    flights: Trino, coordinator: Coordinator
) -> None:
    coordinator.refusals = 2

    assert rows(flights, "SELECT 1 AS a") == [(1,)]


def test_a_coordinator_that_went_away_and_came_back_is_found_again(
    flights: Trino, coordinator: Coordinator
) -> None:
    coordinator.refusals = 100
    with pytest.raises(UnavailableError):
        flights.ping()
    coordinator.refusals = 0

    flights.ping()


def test_flights_have_their_columns_and_rows(flights: Trino) -> None:
    found = flights.columns(("flights",))

    assert found is not None
    assert ("carrier", DataType.STRING) in {(c.name, c.type) for c in found}
    assert ("flight_date", DataType.DATE) in {(c.name, c.type) for c in found}
    assert flights.columns(("nothing",)) is None
    assert flights.count(("flights",)) == 336_776
    assert ("main", "planes") in {relation.source for relation in flights.relations()}
    assert flights.version() is None


def test_closing_stops_what_runs_and_what_comes_after(coordinator: Coordinator) -> None:
    with opened(coordinator) as engine:
        running = engine.run(ENDLESS, timeout=60)
        threading.Timer(0.5, engine.close).start()
        with pytest.raises(QueryCancelledError):
            next(running)

        with pytest.raises(UnavailableError):
            rows(engine, "SELECT 1 AS a")


def test_nobody_there_is_unavailable(coordinator: Coordinator) -> None:
    with pytest.raises(UnavailableError):
        open_engine("trino", settings(coordinator, port=1))


@pytest.mark.parametrize(
    "options",
    [
        {"unknown": 1},
        {"host": None},
        {"host": 1},
        {"port": "x"},
        {"password": Secret("x"), "tls": False},
        {"password": Secret("x"), "token": Secret("y"), "tls": True},
    ],
)
def test_options_that_cannot_work_are_refused_with_a_way_forward(
    coordinator: Coordinator, options: dict[str, Option]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Trino(settings(coordinator, Path(), **options))

    assert caught.value.hint


@pytest.mark.parametrize("credential", ["password", "token"])
def test_credentials_travel_over_tls(credential: str, certificate: tuple[Path, Path]) -> None:
    with duckdb.connect() as database, run_coordinator(database, certificate=certificate) as there:
        there.password = "open sesame"
        root = certificate[0].parent
        options: dict[str, Option] = {"tls": True, "ca": certificate[0].name}
        right: dict[str, Option] = {credential: Secret("open sesame")}
        false: dict[str, Option] = {credential: Secret("wrong")}
        with opened(there, root, **options, **right) as engine:
            assert rows(engine, "SELECT 1 AS a") == [(1,)]

        with pytest.raises(UnavailableError) as wrong:
            Trino(settings(there, root, **options, **false))
        with pytest.raises(UnavailableError):
            Trino(settings(there, root, tls=True))

    assert "credentials" in wrong.value.detail
