from __future__ import annotations

import threading

import pytest

from engine.mysql.world import ENDLESS, at_work, execute, opened, rows, wait_until
from penstock.engine.mysql import MariaDB
from penstock.engine.mysql.rows import write_placeholders
from penstock.errors import (
    EngineError,
    QueryCancelledError,
    QueryTimeoutError,
    ResultOverflowError,
)
from penstock.model.types import DataType
from penstock.sql.types import Statement
from support.mariadb_server import Server

LONG = Statement("SELECT seq AS i, REPEAT('x', 1000) AS x FROM seq_1_to_100000000", ())


@pytest.mark.parametrize("stop", ["cancel", "close"])
def test_a_stopped_statement_leaves_the_list_of_processes(
    server: Server, engine: MariaDB, stop: str
) -> None:
    running = engine.run(Statement(ENDLESS, ()), timeout=60)
    told: list[Exception] = []

    def read() -> None:
        try:
            next(running)
        except QueryCancelledError as error:
            told.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    wait_until(lambda: any("seq % 7" in text for text in at_work(server)))

    getattr(running, stop)()
    reader.join(20)

    assert told
    wait_until(lambda: not at_work(server))


def test_a_listing_given_up_leaves_the_list_of_processes(server: Server, engine: MariaDB) -> None:
    running = engine.run(LONG, timeout=60)
    next(running)
    running.close()

    wait_until(lambda: not at_work(server))
    assert rows(engine, "SELECT 1 AS one") == [(1,)]


def test_what_runs_out_of_time_leaves_the_list_of_processes(
    server: Server, engine: MariaDB
) -> None:
    with pytest.raises(QueryTimeoutError):
        next(engine.run(Statement(ENDLESS, ()), timeout=0.3))

    wait_until(lambda: not at_work(server))


def test_the_server_is_told_the_time_too(engine: MariaDB) -> None:
    assert rows(engine, "SELECT @@max_statement_time AS s") == [(31.0,)]


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO words VALUES (9, 'x', 'x')",
        "DELETE FROM words",
        "DROP TABLE words",
        "CREATE TABLE more (a INT)",
        "SELECT 1 AS a; DROP TABLE words",
        "SELECT * FROM words INTO OUTFILE 'x'",
        "not SQL at all",
    ],
)
def test_a_session_only_reads(engine: MariaDB, text: str) -> None:
    with pytest.raises(EngineError) as caught:
        rows(engine, text)

    assert caught.value.detail == "The database could not answer this query."
    assert rows(engine, "SELECT COUNT(*) AS n FROM words") == [(5,)]


def test_values_are_values(engine: MariaDB) -> None:
    hostile = "'; DROP TABLE words; -- \\ \" % %s ? \0 \x1a"

    assert rows(engine, "SELECT ? AS a, '?%' AS b, ? AS `c?`", hostile, "\\'") == [
        (hostile, "?%", "\\'")
    ]


def test_placeholders_are_not_looked_for_in_texts_and_names() -> None:
    text = "SELECT '?', 'it''s ?', '\\'?', \"?\", `a``?` FROM t WHERE a = ? AND b LIKE '%' LIMIT ?"

    assert write_placeholders(text) == (
        "SELECT '?', 'it''s ?', '\\'?', \"?\", `a``?` FROM t WHERE a = %s AND b LIKE '%%' LIMIT %s"
    )


def test_a_date_that_is_none_is_null(server: Server, engine: MariaDB) -> None:
    execute(server, "CREATE TABLE zeros (day DATE, at DATETIME)")
    execute(server, "INSERT INTO zeros VALUES (0, 0), ('2013-01-31', '2013-01-31 10:00:00')")

    found = rows(engine, "SELECT day, at FROM zeros")
    execute(server, "DROP TABLE zeros")

    assert found[0] == (None, None)
    assert None not in found[1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("SELECT '2013-02-31' AS a", "calendar"),
        ("SELECT TIME '100:00:00' AS a", "time of day"),
        ("SELECT TIME '-01:00:00' AS a", "time of day"),
    ],
)
def test_a_time_that_nobody_else_has_is_an_error(engine: MariaDB, text: str, says: str) -> None:
    types = [DataType.TIME if "TIME" in text else DataType.DATE]

    with pytest.raises(EngineError, match=says):
        rows(engine, text, types=types)


def test_a_float_of_four_bytes_is_a_double_of_the_same_value(engine: MariaDB) -> None:
    assert rows(engine, "SELECT CAST(ratio AS DOUBLE) AS r FROM odd") == [(0.10000000149011612,)]


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("SELECT SUM(a) AS s FROM (SELECT 9223372036854775807 AS a UNION ALL SELECT 1) AS t",
         [DataType.INTEGER]),
        ("SELECT 9223372036854775807 + 1 AS s", [DataType.INTEGER]),
        ("SELECT CAST(9223372036854775808 AS UNSIGNED) AS s", [DataType.INTEGER]),
        ("SELECT 99999999999999999999999999999999999999.9 * 10 AS s", [DataType.DECIMAL]),
        ("SELECT CAST(1e30 AS SIGNED) AS s", []),
    ],
)  # fmt: skip
def test_a_number_too_large_is_an_error(engine: MariaDB, text: str, types: list[DataType]) -> None:
    with pytest.raises(ResultOverflowError):
        rows(engine, text, types=types)


def test_a_median_of_more_than_fits_is_an_error(server: Server, engine: MariaDB) -> None:
    text = "SELECT GROUP_CONCAT(seq) AS g FROM seq_1_to_100000"
    assert rows(engine, text)[0][0] is not None
    with pytest.raises(EngineError, match="median or percentile"), opened(server) as other:
        rows(other, "SELECT GROUP_CONCAT(seq) AS g FROM seq_1_to_4000000")


def test_more_statements_than_connections_wait_for_one(server: Server) -> None:
    with opened(server, pool=2) as engine:
        asking = [
            threading.Thread(target=rows, args=(engine, f"SELECT {n}, SLEEP(0.05)"))
            for n in range(8)
        ]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join(20)

        assert rows(engine, "SELECT 1 AS one") == [(1,)]
