"""What only PostgreSQL has; what every engine does is in tests/contract."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.postgres.opening import opened, options_of, read, settings, value
from penstock.engine.postgres import PostgreSQL
from penstock.errors import (
    EngineError,
    QueryCancelledError,
    QueryTimeoutError,
    ResultOverflowError,
    UnavailableError,
)
from penstock.model.types import DataType
from penstock.secret import Secret
from penstock.sql.types import Statement
from support.postgres_server import Address

ENDLESS = "SELECT count(*) FROM generate_series(1, 100000000) a, generate_series(1, 100000) b"


def sessions(address: Address, state: str = "%", query: str = "%") -> list[str]:
    with address.connect() as connection:
        rows = connection.execute(
            "SELECT state FROM pg_stat_activity WHERE application_name = 'penstock'"
            " AND backend_type = 'client backend' AND state LIKE %s AND query LIKE %s",
            [state, query],
        )
        return [str(row[0]) for row in rows]


def wait_for_endless(address: Address) -> None:
    """Wait until the server is at the statement itself: a new session asks things of its own."""
    end = time.monotonic() + 30
    while not sessions(address, "active", "%generate_series%"):
        assert time.monotonic() < end
        time.sleep(0.02)


def settle(address: Address, number: int, state: str = "%") -> bool:
    end = time.monotonic() + 20
    while len(sessions(address, state)) != number:
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_nobody_connects_before_somebody_asks(address: Address) -> None:
    engine = PostgreSQL(settings(**{**options_of(address), "port": 1}))

    with pytest.raises(UnavailableError):
        engine.ping()
    engine.close()


def test_a_session_reads_only_in_utc_and_knows_its_time(address: Address) -> None:
    with opened(address) as engine:
        assert value(engine, "SELECT current_setting('transaction_read_only')") == "on"
        assert value(engine, "SELECT current_setting('timezone')") == "UTC"
        assert value(engine, "SELECT current_setting('statement_timeout')") == "61s"


@pytest.mark.parametrize("text", ["SELECT nextval('numbers')", "CREATE TABLE x AS SELECT 1 AS a"])
def test_nothing_can_be_written(address: Address, text: str) -> None:
    address.execute("CREATE SEQUENCE IF NOT EXISTS numbers")
    with opened(address) as engine, pytest.raises(EngineError):
        read(engine, text)


def test_a_cancelled_statement_is_gone_from_the_servers_activity(address: Address) -> None:
    with opened(address) as engine:
        running = engine.run(Statement(ENDLESS, ()), timeout=60)
        threading.Timer(0.5, running.cancel).start()
        with pytest.raises(QueryCancelledError):
            next(running)

        assert settle(address, 0, "active")
        assert value(engine, "SELECT 1") == 1


def test_the_server_itself_stops_a_statement_of_a_node_that_is_gone(address: Address) -> None:
    with opened(address) as engine:
        read(engine, "SELECT 1")
        limits = engine.run(Statement("SELECT current_setting('statement_timeout')", ()), timeout=2)
        assert next(limits).column(0)[0].as_py() == "3s"
        limits.close()

        with pytest.raises(QueryTimeoutError):
            next(engine.run(Statement(ENDLESS, ()), timeout=0.2))


def test_somebody_else_may_stop_a_statement(address: Address) -> None:
    with opened(address) as engine:
        ended = threading.Event()

        def stop() -> None:
            wait_for_endless(address)
            # Between its parsing and its running there is nothing to stop: so again, if then.
            for _ in range(100):
                address.execute(
                    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'penstock'"
                )
                if ended.wait(0.1):
                    return

        thread = threading.Thread(target=stop)
        thread.start()
        with pytest.raises(QueryCancelledError):
            read(engine, ENDLESS)
        ended.set()
        thread.join()


def test_a_session_that_is_killed_is_replaced_unseen(address: Address) -> None:
    with opened(address) as engine:
        before = value(engine, "SELECT pg_backend_pid()")
        address.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'penstock'"
        )

        assert value(engine, "SELECT pg_backend_pid()") != before


def test_a_restart_under_a_statement_is_unavailable_and_then_forgotten(address: Address) -> None:
    with opened(address) as engine:

        def restart() -> None:
            wait_for_endless(address)
            address.restart()

        thread = threading.Thread(target=restart)
        thread.start()
        with pytest.raises(UnavailableError):
            read(engine, ENDLESS)
        thread.join()

        assert value(engine, "SELECT 1") == 1


def test_connections_are_shared_and_no_more_than_the_pool(address: Address) -> None:
    with opened(address, pool=2) as engine, ThreadPoolExecutor(8) as threads:
        slow = [threads.submit(value, engine, "SELECT pg_sleep(0.05)::text") for _ in range(12)]
        most = 0
        while not all(work.done() for work in slow):
            most = max(most, len(sessions(address)))

        assert most <= 2
        assert settle(address, 2)
    assert settle(address, 0)


def test_waiting_for_a_connection_counts_as_time(address: Address) -> None:
    with opened(address, pool=1) as engine:
        holding = engine.run(Statement("SELECT generate_series(1, 1000000)", ()), timeout=60)
        next(holding)
        with pytest.raises(QueryTimeoutError):
            next(engine.run(Statement("SELECT 1", ()), timeout=0.2))
        holding.close()

        assert value(engine, "SELECT 1") == 1


def test_memory_stays_bounded_while_two_million_rows_stream(address: Address) -> None:
    text = "SELECT generate_series(1, 2000000)::bigint AS i, repeat('x', 100) AS t"
    with opened(address) as engine:
        read(engine, "SELECT generate_series(1, 100000), repeat('x', 100)")
        before, most, count = resident(), 0, 0
        for batch in engine.run(Statement(text, ()), timeout=100):
            count += batch.num_rows
            most = max(most, resident())

    assert count == 2_000_000
    assert most - before < 40 << 20


def resident() -> int:
    """Bytes of memory this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 'infinity'::date",
        "SELECT '-infinity'::timestamp",
        "SELECT 'infinity'::timestamptz",
        "SELECT 'NaN'::numeric",
        "SELECT 'infinity'::numeric",
        "SELECT '24:00'::time",
        "SELECT 10::numeric ^ 60",
        "SELECT 9223372036854775807 + 1::bigint",
        "SELECT (2 ^ 70)::bigint",
    ],
)
def test_what_has_no_place_in_its_type_is_an_error_and_never_another_value(
    address: Address, text: str
) -> None:
    with opened(address) as engine, pytest.raises(ResultOverflowError):
        read(engine, text)


def test_decimals_whose_scale_nobody_declared_keep_all_their_digits(address: Address) -> None:
    rows = "SELECT (i / 8.0)::numeric AS x FROM generate_series(1, 20000) AS i ORDER BY i"
    with opened(address) as engine:
        few = read(engine, f"{rows} LIMIT 8")
        many = read(engine, rows)

    assert str(few.schema.types[0]) == "decimal128(38, 20)"
    assert [str(x.normalize()) for x in few.column(0).to_pylist()[:3]] == ["0.125", "0.25", "0.375"]
    assert sum(many.column(0).to_pylist()) == 20000 * 20001 / 16


def test_a_later_decimal_with_more_digits_is_an_error(address: Address) -> None:
    text = "SELECT CASE WHEN i < 9000 THEN 1.5 ELSE 1.55 END FROM generate_series(1, 9000) AS i"
    with opened(address) as engine, pytest.raises(ResultOverflowError):
        read(engine, text)


def test_types_of_the_databases_own_are_an_error_that_says_what_to_do(address: Address) -> None:
    with opened(address) as engine:
        for text in ("SELECT '1.2.3.4'::inet", "SELECT point(1, 2)", "SELECT '{{1},{2}}'::int[]"):
            with pytest.raises(EngineError) as caught:
                read(engine, text)
            assert "text" in str(caught.value.hint)


def test_the_types_of_the_model_decide(address: Address) -> None:
    types = (DataType.INTEGER, DataType.FLOAT, DataType.DECIMAL)
    with opened(address) as engine:
        text = "SELECT 1::smallint AS a, 1.5::numeric AS b, 2.50::numeric(9, 2) AS c"
        table = read(engine, text, types=types)

    assert [str(t) for t in table.schema.types] == ["int64", "double", "decimal128(9, 2)"]


def test_a_schema_is_looked_into_first_and_others_are_named(address: Address) -> None:
    address.execute(
        'CREATE SCHEMA "My Sales"',
        'CREATE TABLE "My Sales".t AS SELECT 7 AS a',
        'CREATE VIEW "My Sales".v AS SELECT a FROM "My Sales".t',
        "CREATE TABLE IF NOT EXISTS public.other AS SELECT 1 AS b",
        "CREATE TABLE parted (d date) PARTITION BY RANGE (d)",
        "CREATE TABLE parted_1 PARTITION OF parted DEFAULT",
    )
    with opened(address, schema="My Sales") as engine:
        assert engine.count(("t",)) == 1
        assert engine.count(("public", "other")) == 1
        assert engine.columns(("other",)) is None
        found = {relation.source for relation in engine.relations()}

    assert {("t",), ("v",), ("public", "other"), ("public", "parted")} <= found
    assert ("public", "parted_1") not in found


def test_what_a_table_is_held_to_is_told_and_no_more(address: Address) -> None:
    address.execute(
        "CREATE TABLE targets (id int PRIMARY KEY, a int NOT NULL, b int)",
        "CREATE TABLE secret (id int PRIMARY KEY)",
        "ALTER TABLE secret ENABLE ROW LEVEL SECURITY",
        "CREATE TABLE held (x int NOT NULL REFERENCES targets, y int NOT NULL REFERENCES secret,"
        " z int, CONSTRAINT late FOREIGN KEY (z) REFERENCES targets)",
        "ALTER TABLE held DROP CONSTRAINT late",
        "ALTER TABLE held ADD CONSTRAINT late FOREIGN KEY (z) REFERENCES targets NOT VALID",
        "CREATE TABLE parent (x int NOT NULL REFERENCES targets)",
        "CREATE TABLE heir () INHERITS (parent)",
        "CREATE VIEW seen AS SELECT t.a FROM targets AS t",
    )
    with opened(address) as engine:
        found = {relation.source[-1]: relation for relation in engine.relations()}
        alone = engine.columns(("targets",))

    assert [column.nullable for column in found["targets"].columns] == [False, False, True]
    assert alone == found["targets"].columns
    assert [column.nullable for column in found["seen"].columns] == [True]
    enforced = {key.columns: key.enforced for key in found["held"].foreign_keys}
    assert enforced == {("x",): True, ("y",): False, ("z",): False}
    assert [key.enforced for key in found["parent"].foreign_keys] == [False]


def test_a_relation_one_may_not_read_is_not_found(address: Address) -> None:
    address.execute(
        "CREATE TABLE hidden (a int)",
        "CREATE TABLE shown (a int)",
        "CREATE ROLE guest LOGIN PASSWORD 'guest'",
        "GRANT SELECT ON shown TO guest",
    )
    with opened(address, user="guest", password=Secret("guest")) as engine:
        found = {relation.source[-1] for relation in engine.relations()}

    assert "shown" in found
    assert "hidden" not in found


def test_a_wrong_password_is_unavailable_and_not_repeated(address: Address) -> None:
    with (
        opened(address, password=Secret("a wrong one")) as engine,
        pytest.raises(UnavailableError) as caught,
    ):
        engine.ping()

    assert "wrong one" not in f"{caught.value.detail}{caught.value.hint}"


def test_text_with_a_zero_byte_is_an_error_of_ours(address: Address) -> None:
    with opened(address) as engine:
        with pytest.raises(EngineError):
            read(engine, "SELECT $1::text", "a\0b")
        assert value(engine, "SELECT $1::text", "ab") == "ab"
