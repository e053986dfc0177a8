from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from datetime import time as time_of_day
from decimal import Decimal
from pathlib import Path

import pytest

from penstock.engine.failures import unanswered, uncomputable
from penstock.engine.spark import Spark
from penstock.errors import (
    ConfigurationError,
    EngineError,
    QueryCancelledError,
    QueryTimeoutError,
    ResultOverflowError,
    UnavailableError,
)
from penstock.model.types import DataType
from penstock.sql.types import Statement
from spark.sessions import DATA, opened, read, rows
from support.spark_cluster import Cluster

ENDLESS = Statement("SELECT count(*) AS n FROM range(1000000000000) a WHERE a.id % 7 = 3", ())
LONG = Statement("SELECT f.* FROM flights f CROSS JOIN range(3)", ())


def test_parameters_are_values(flights: Spark) -> None:
    hostile = "'; DROP TABLE flights; --\\"
    text = "SELECT :p1 AS a, :p2 AS b, :p3 AS c, :p4 AS d, :p5 AS e, :p6 AS f"
    values = (hostile, Decimal("1.50"), date(2013, 1, 31), 2**62, True, b"\x00'\xff")

    assert rows(flights, text, *values) == [values]


def test_times_are_sent_as_text_and_keep_their_zone_or_none(flights: Spark) -> None:
    types = {"a": "TIMESTAMP_NTZ", "b": "TIMESTAMP", "c": "TIME"}
    casts = [
        f"CAST(:p{n} AS {type_}) AS {name}" for n, (name, type_) in enumerate(types.items(), 1)
    ]
    text = f"SELECT {', '.join(casts)}"
    at = datetime(2013, 1, 31, 23, 59, 59, 999999)  # noqa: DTZ001 - without a zone is what is tested
    values = (at, at.replace(tzinfo=UTC), time_of_day(10, 0, 0, 1))

    table = read(flights, text, *values)

    assert [str(type_) for type_ in table.schema.types] == [
        "timestamp[us]",
        "timestamp[us, tz=UTC]",
        "time64[us]",
    ]
    assert [column[0].as_py() for column in table.columns] == list(values)


def test_columns_are_of_the_types_of_the_model(flights: Spark) -> None:
    text = (
        "SELECT 1Y AS a, CAST(1.5 AS FLOAT) AS b, TIMESTAMP '2013-01-31 10:00:00' AS c, 1.50 AS d"
    )
    types = (DataType.INTEGER, DataType.FLOAT, DataType.TIMESTAMP, DataType.DECIMAL)

    table = read(flights, text, types=types)

    assert [str(type_) for type_ in table.schema.types] == [
        "int64",
        "double",
        "timestamp[us]",
        "decimal128(3, 2)",
    ]


def test_a_listing_comes_whole_and_in_bounded_batches(flights: Spark) -> None:
    running = flights.run(Statement("SELECT * FROM flights", ()), timeout=60)
    sizes = [batch.num_rows for batch in running]

    assert sum(sizes) == 336_776
    assert max(sizes) <= 20_000


def test_the_schema_is_known_where_there_are_no_rows(flights: Spark) -> None:
    running = flights.run(Statement("SELECT 1 AS a, 'x' AS b WHERE false", ()), timeout=60)

    assert running.schema.names == ["a", "b"]
    assert sum(batch.num_rows for batch in running) == 0


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE stolen AS SELECT * FROM flights",
        "DROP VIEW flights",
        "SET spark.sql.ansi.enabled = false",
        "WITH a AS (SELECT 1 AS x) INSERT INTO b SELECT * FROM a",
        "SELECT 1; SELECT 2",
        "ADD JAR '/tmp/x.jar'",
        "BEGIN SELECT 1; END",
        "EXPLAIN SELECT 1",
    ],
)
def test_only_queries_are_sent(flights: Spark, text: str) -> None:
    with pytest.raises(EngineError) as caught:
        read(flights, text)

    assert isinstance(caught.value.__cause__, PermissionError)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT nothing FROM flights",
        "SELECT CAST('secret value' AS INT) AS a",
        "SELECT raise_error('x') AS a",
        "SELECT :p1 AS a",
    ],
)
def test_errors_say_nothing_of_the_statement(
    flights: Spark, text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(EngineError) as caught:
        read(flights, text)

    assert caught.value.detail in {str(unanswered()), str(uncomputable())}
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT sum(x) AS s FROM VALUES (9223372036854775807), (5) AS t(x)",
        "SELECT x + x AS s FROM VALUES (9223372036854775807) AS t(x)",
    ],
)
def test_a_number_too_large_is_an_error_and_never_a_wrong_number(flights: Spark, text: str) -> None:
    with pytest.raises(ResultOverflowError):
        read(flights, text)


def test_a_decimal_too_large_for_the_type_of_the_model_is_an_error(flights: Spark) -> None:
    with pytest.raises(ResultOverflowError):
        read(flights, "SELECT 99999999999999999999 AS a", types=(DataType.INTEGER,))


def wait_until(is_so: Callable[[], bool]) -> bool:
    end = time.monotonic() + 30
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def test_the_time_runs_out_and_the_job_is_stopped(flights: Spark, cluster: Cluster) -> None:
    running = flights.run(ENDLESS, timeout=2)

    with pytest.raises(QueryTimeoutError):
        next(running)
    with pytest.raises(QueryTimeoutError):
        next(running)
    assert wait_until(lambda: cluster.jobs() == 0)


@pytest.mark.parametrize("stop", ["cancel", "close"])
def test_another_thread_stops_the_job(flights: Spark, cluster: Cluster, stop: str) -> None:
    running = flights.run(ENDLESS, timeout=100)
    threading.Thread(
        target=lambda: wait_until(lambda: cluster.jobs() > 0) and getattr(running, stop)()
    ).start()

    with pytest.raises(QueryCancelledError):
        next(running)
    assert wait_until(lambda: cluster.jobs() == 0)


def test_a_statement_cancelled_before_its_start_never_starts(flights: Spark) -> None:
    running = flights.run(ENDLESS, timeout=100)
    running.cancel()

    with pytest.raises(QueryCancelledError):
        next(running)


def test_a_closed_statement_does_not_look_whole(flights: Spark, cluster: Cluster) -> None:
    running = flights.run(LONG, timeout=100)
    assert next(running).num_rows > 0
    running.close()

    with pytest.raises(QueryCancelledError):
        for _ in running:
            pass
    assert wait_until(lambda: cluster.jobs() == 0)


def test_cancelling_one_statement_leaves_another_alone(flights: Spark) -> None:
    doomed = flights.run(ENDLESS, timeout=100)
    threading.Timer(1, doomed.cancel).start()
    found: list[object] = []
    other = threading.Thread(
        target=lambda: found.extend(rows(flights, "SELECT count(*) AS n FROM flights"))
    )
    other.start()

    with pytest.raises(QueryCancelledError):
        next(doomed)
    other.join()
    assert found == [(336_776,)]


def test_flights_have_their_columns_and_rows(flights: Spark) -> None:
    found = flights.columns(("flights",))

    assert found is not None
    assert ("carrier", DataType.STRING) in {(c.name, c.type) for c in found}
    assert ("flight_date", DataType.DATE) in {(c.name, c.type) for c in found}
    assert flights.columns(("nothing",)) is None
    assert flights.count(("airlines",)) == 16
    assert flights.version() is not None
    flights.ping()
    assert {relation.source for relation in flights.relations()} == {
        ("airlines",),
        ("airports",),
        ("flights",),
        ("planes",),
        ("weather",),
    }


def test_tables_of_the_catalogue_are_found_with_their_types(cluster: Cluster) -> None:
    cluster.execute(
        "CREATE SCHEMA shop",
        "CREATE TABLE shop.sales (a DECIMAL(9, 2), b ARRAY<INT>, c TIMESTAMP,"
        " d TIMESTAMP_NTZ, e BINARY, f BOOLEAN, g STRUCT<x: INT>) USING parquet",
    )

    with opened(cluster, {}, schema="shop") as engine:
        (relation,) = engine.relations()

    assert relation.source == ("shop", "sales")
    assert [column.type for column in relation.columns] == [
        DataType.DECIMAL,
        None,
        DataType.TIMESTAMP_TZ,
        DataType.TIMESTAMP,
        DataType.BYTES,
        DataType.BOOLEAN,
        None,
    ]


@pytest.mark.filterwarnings("ignore:.RETRIES_EXCEEDED")
def test_a_server_that_was_restarted_answers_again(cluster: Cluster) -> None:
    with opened(cluster, {"airlines": DATA / "airlines.parquet"}) as engine:
        assert engine.count(("airlines",)) == 16
        cluster.stop()
        try:
            with pytest.raises(UnavailableError):
                engine.ping()
            with pytest.raises(UnavailableError):
                engine.count(("airlines",))
        finally:
            cluster.start()
        assert engine.count(("airlines",)) == 16


def test_closing_stops_what_runs_and_what_comes_after(cluster: Cluster) -> None:
    with opened(cluster, {}) as engine:
        running = engine.run(ENDLESS, timeout=100)
        threading.Timer(2, engine.close).start()
        with pytest.raises(QueryCancelledError):
            next(running)

        with pytest.raises(UnavailableError):
            rows(engine, "SELECT 1 AS a")


@pytest.mark.parametrize(
    ("files", "options"),
    [
        ({}, {"url": "http://x"}),
        ({}, {"url": 1}),
        ({}, {"unknown": 1}),
        ({"t": Path("a.txt")}, {}),
    ],
)
def test_settings_that_cannot_work_are_refused_with_a_way_forward(
    cluster: Cluster, files: dict[str, Path], options: dict[str, str | int]
) -> None:
    with pytest.raises(ConfigurationError) as caught, opened(cluster, files, **options):
        pass

    assert caught.value.hint
