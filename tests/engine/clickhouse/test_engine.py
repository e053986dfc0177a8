"""Both ways to ClickHouse give the same, and keep what they promise."""

from __future__ import annotations

import datetime as dt
import threading
import time
from decimal import Decimal
from pathlib import Path

import pytest

from contract.asking import ask
from contract.types import Sample
from engine.clickhouse.world import ENDLESS, opened, rows, settings
from penstock.engine.clickhouse import ClickHouse
from penstock.engine.clickhouse.columns import read_type
from penstock.engine.load import open_engine
from penstock.engine.types import Option
from penstock.errors import (
    ConfigurationError,
    EngineError,
    QueryCancelledError,
    QueryTimeoutError,
    ResultOverflowError,
    SeveralErrors,
    UnavailableError,
)
from penstock.model.types import DataType
from penstock.query.types import Json
from penstock.sql.types import Bound, Statement
from support.clickhouse_server import Folder

T = DataType
KINDS = Sample(
    name="kinds",
    columns={
        "id": T.INTEGER,
        "kind": T.STRING,
        "code": T.STRING,
        "key": T.STRING,
        "small": T.INTEGER,
        "wide": T.INTEGER,
        "at": T.TIMESTAMP,
        "zoned": T.TIMESTAMP_TZ,
        "name": T.STRING,
    },
    rows=(),
)


def test_what_it_sends_as_numbers_and_bytes_comes_as_text(engine: ClickHouse) -> None:
    names = ("kind", "code", "key", "name")
    fields: dict[str, Json] = {name: ["select"] for name in names}
    query: dict[str, Json] = {"data": {"fields": fields}, "order": {"kind": "desc"}}

    assert ask(engine, KINDS, query) == [
        ("b", "ab", "7a0b3f0e-3c8d-4b5e-9f65-0123456789ab", "é"),
        ("a", "abcd", "00000000-0000-0000-0000-000000000000", None),
    ]


def test_an_enum_that_nobody_made_text_of_is_an_error(engine: ClickHouse) -> None:
    with pytest.raises(EngineError, match="as its number"):
        rows(engine, "SELECT kind FROM kinds", types=[T.STRING])


def test_times_are_utc_whatever_zone_the_column_shows(engine: ClickHouse) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"at": ["max"], "zoned": ["max"]}},
        "filter": {"id": 1},
    }

    assert ask(engine, KINDS, query) == [
        (
            dt.datetime(2013, 1, 31, 10),  # noqa: DTZ001 - it has no zone
            dt.datetime(2013, 1, 31, 15, tzinfo=dt.UTC),
        )
    ]


def test_sums_of_integers_are_exact_or_an_error(engine: ClickHouse) -> None:
    query: dict[str, Json] = {"data": {"fields": {"small": ["sum"]}}}
    assert ask(engine, KINDS, query) == [(60_000,)]

    query = {"data": {"fields": {"wide": ["sum"]}}}
    with pytest.raises(ResultOverflowError):
        ask(engine, KINDS, query)


def test_a_deviation_of_one_value_is_null(engine: ClickHouse) -> None:
    query: dict[str, Json] = {
        "data": {"fields": {"small": ["stddev", "variance", "median"]}},
        "filter": {"id": 1},
    }

    assert ask(engine, KINDS, query) == [(None, None, 30_000.0)]


def test_no_row_on_the_other_side_of_a_join_is_null(engine: ClickHouse) -> None:
    text = (
        "SELECT a.id AS id, b.small AS small FROM kinds AS a"
        " LEFT JOIN (SELECT * FROM kinds WHERE id = 1) AS b ON a.id = b.id ORDER BY 1"
    )

    assert rows(engine, text) == [(1, 30_000), (2, None)]


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("String", "'; DROP TABLE kinds; -- \\ \t\r\n \\N \\t é😀 {p1:String} %s"),
        ("String", ""),
        ("Int64", -(2**63)),
        ("Bool", True),
        ("Float64", 1e-300),
        ("Date32", dt.date(1950, 5, 5)),
        ("Decimal(76, 38)", Decimal("12345678901234567890.123456789")),
        ("DateTime64(6, 'UTC')", dt.datetime(1969, 7, 20, 20, 17, 40, 123456, tzinfo=dt.UTC)),
    ],
)
def test_values_are_values(engine: ClickHouse, type_: str, value: Bound) -> None:
    assert rows(engine, f"SELECT {{p1:{type_}}} AS a", value) == [(value,)]


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO kinds (id) VALUES (3)",
        "DROP TABLE kinds",
        "CREATE TABLE more (a Int8) ENGINE = Memory",
        "SET readonly = 0",
        "SELECT nothing FROM kinds",
        "not SQL at all",
    ],
)
def test_a_statement_only_reads(engine: ClickHouse, text: str) -> None:
    with pytest.raises(EngineError) as caught:
        rows(engine, text)

    assert caught.value.detail == "The database could not answer this query."
    assert rows(engine, "SELECT count() AS n FROM kinds") == [(2,)]


@pytest.mark.parametrize("stop", ["cancel", "close"])
def test_a_stopped_statement_leaves_the_list_of_processes(
    engine: ClickHouse, data: Folder, stop: str
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
    wait_for(data, 1)

    getattr(running, stop)()
    reader.join(20)

    assert told
    wait_for(data, 0)


def test_what_runs_out_of_time_leaves_the_list_of_processes(
    engine: ClickHouse, data: Folder
) -> None:
    with pytest.raises(QueryTimeoutError):
        next(engine.run(Statement(ENDLESS, ()), timeout=0.3))

    wait_for(data, 0)


def test_an_empty_answer_has_its_columns(engine: ClickHouse) -> None:
    running = engine.run(Statement("SELECT id, kind FROM kinds WHERE id > 9", ()), timeout=30)

    assert running.schema.names == ["id", "kind"]
    assert list(running) == []


def test_relations_have_columns_and_rows_but_no_keys(engine: ClickHouse) -> None:
    (found,) = engine.relations()

    assert (found.source, found.rows, found.primary_key) == (("kinds",), 2, ())
    assert [column.type for column in found.columns][-2:] == [None, T.STRING]
    assert [column.name for column in found.columns if column.nullable] == ["name"]


def test_the_version_changes_with_the_data_and_only_then(engine: ClickHouse, data: Folder) -> None:
    before = engine.version(now=True)
    assert before is not None
    assert engine.version(now=True) == before

    data.execute("CREATE TABLE more (a Int8) ENGINE = MergeTree ORDER BY a")
    data.execute("INSERT INTO more VALUES (1)")
    assert engine.version(now=True) != before
    data.execute("DROP TABLE more SYNC")


def test_there_is_no_version_with_a_table_that_tells_none(engine: ClickHouse, data: Folder) -> None:
    data.execute("CREATE TABLE fleeting (a Int8) ENGINE = Memory")
    found = engine.version(now=True)
    data.execute("DROP TABLE fleeting SYNC")

    assert found is None


def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with opened(tmp_path, host="127.0.0.1", port=1) as engine:
        with pytest.raises(UnavailableError):
            engine.ping()
        assert engine.version() is None


def test_a_folder_that_is_not_there_is_an_option_that_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no folder 'none'"):
        ClickHouse(settings(tmp_path, path="none"))


def test_options_that_are_wrong_are_told_all_at_once(tmp_path: Path) -> None:
    wrong: dict[str, Option] = {"port": 0, "secure": "yes", "hots": "x"}

    with pytest.raises(SeveralErrors) as caught:
        open_engine("clickhouse", settings(tmp_path, **wrong))

    assert [problem.detail for problem in caught.value.parts] == [
        "ClickHouse has no option 'hots', which database 'events' sets.",
        "The option 'port' of 'events' is a whole number above 0.",
        "The option 'secure' of 'events' is true or false.",
        "Database 'events' is either on a `host` or in the folder `path`.",
    ]


@pytest.mark.parametrize(
    ("native", "type_"),
    [
        ("Nullable(UInt64)", T.INTEGER),
        ("LowCardinality(Nullable(String))", T.STRING),
        ("Decimal(18, 4)", T.DECIMAL),
        ("DateTime", T.TIMESTAMP),
        ("DateTime('Europe/Paris')", T.TIMESTAMP_TZ),
        ("DateTime64(6)", T.TIMESTAMP),
        ("DateTime64(3, 'UTC')", T.TIMESTAMP_TZ),
        ("Enum8('a' = 1)", T.STRING),
        ("Array(String)", None),
        ("AggregateFunction(sum, Int8)", None),
    ],
)
def test_types_are_the_languages_or_none(native: str, type_: DataType | None) -> None:
    assert read_type(native) is type_


def wait_for(data: Folder, number: int) -> None:
    """Wait until so many endless statements run."""
    for _ in range(1_000):
        if len([text for text in data.at_work() if "number % 7" in text]) == number:
            return
        time.sleep(0.02)
    raise AssertionError(data.at_work())
