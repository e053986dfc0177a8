"""What only SQLite has; what every engine does is in tests/contract."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from engine.sqlite.opening import make_file, opened, read, settings, value
from penstock.engine.sqlite import SQLite
from penstock.engine.types import Option
from penstock.errors import (
    ConfigurationError,
    EngineError,
    PenstockError,
    ResultOverflowError,
    UnavailableError,
)
from penstock.model.types import DataType


@pytest.mark.parametrize(
    "options",
    [{}, {"database": 7}, {"database": "none.db"}, {"database": "text.db"}, {"databse": "a.db"}],
)
def test_settings_that_cannot_work_are_refused_with_a_way_forward(
    tmp_path: Path, options: dict[str, Option]
) -> None:
    (tmp_path / "text.db").write_text("nothing in here is what its name says\n" * 100)

    with pytest.raises(PenstockError) as caught:
        SQLite(settings(tmp_path, **options))

    assert all(isinstance(part, ConfigurationError) for part in caught.value.parts)
    assert all(part.hint for part in caught.value.parts)
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize(
    "text",
    [
        "PRAGMA query_only = OFF",
        "PRAGMA journal_mode = DELETE",
        "ATTACH 'other.db' AS o",
        "SELECT * FROM sqlite_schema",
        "SELECT * FROM pragma_table_list",
        "SELECT load_extension('x')",
        "VACUUM INTO 'copy.db'",
        "BEGIN",
        "INSERT INTO t VALUES (2)",
    ],
)
def test_a_statement_reads_the_data_and_does_nothing_else(tmp_path: Path, text: str) -> None:
    with opened(tmp_path, "CREATE TABLE t AS SELECT 1 AS a") as engine:
        with pytest.raises(EngineError):
            read(engine, text)

        assert value(engine, "SELECT COUNT(*) FROM t") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"data.db"}


@pytest.mark.parametrize(
    "function", ["load_extension('x')", "fts3_tokenizer('x')", "readfile('data.db')"]
)
def test_a_view_reads_the_data_and_does_nothing_else(tmp_path: Path, function: str) -> None:
    view = f"CREATE VIEW v AS SELECT {function} AS a, 1 AS b"
    with opened(tmp_path, "CREATE TABLE t (a)", view) as engine, pytest.raises(EngineError):
        read(engine, "SELECT a, b FROM v")


def test_a_view_may_say_what_a_statement_may(tmp_path: Path) -> None:
    view = """CREATE VIEW v AS SELECT json_extract('{"a": 7}', '$.a') AS a, UPPER('x') AS b"""
    with opened(tmp_path, view) as engine:
        assert read(engine, "SELECT a, b FROM v").to_pylist() == [{"a": 7, "b": "X"}]


def test_a_file_of_a_hostile_name_is_the_file(tmp_path: Path) -> None:
    name = "we ird?mode=rw&x#%41.db"
    make_file(tmp_path / name, "CREATE TABLE t AS SELECT 7 AS a")
    engine = SQLite(settings(tmp_path, database=name))

    assert value(engine, "SELECT a FROM t") == 7
    engine.close()


def test_another_file_in_its_place_is_read_and_changes_the_version(tmp_path: Path) -> None:
    with opened(tmp_path, "CREATE TABLE t AS SELECT 1 AS a") as engine:
        assert value(engine, "SELECT a FROM t") == 1
        before = engine.version(now=True)
        make_file(tmp_path / "new.db", "CREATE TABLE t AS SELECT 2 AS a")
        (tmp_path / "new.db").replace(tmp_path / "data.db")

        assert engine.version(now=True) != before
        assert value(engine, "SELECT a FROM t") == 2


def test_what_another_program_writes_is_read_and_changes_the_version(tmp_path: Path) -> None:
    with opened(tmp_path, "PRAGMA journal_mode = WAL", "CREATE TABLE t (a)") as engine:
        before = engine.version(now=True)
        with closing(sqlite3.connect(tmp_path / "data.db")) as other:
            other.execute("INSERT INTO t VALUES (1)")
            other.commit()

            assert engine.version(now=True) != before
            assert engine.count(("t",)) == 1


def test_a_file_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    with opened(tmp_path, "CREATE TABLE t (a)") as engine:
        (tmp_path / "data.db").unlink()

        for attempt in (engine.ping, lambda: engine.count(("t",)), lambda: engine.columns(("t",))):
            with pytest.raises(UnavailableError):
                attempt()


def test_decimals_are_exact_to_fifteen_digits(tmp_path: Path) -> None:
    rows = ", ".join(["(0.1)"] * 10_000)
    with opened(tmp_path, "CREATE TABLE t (a DECIMAL(9, 2))", f"INSERT INTO t VALUES {rows}") as e:
        text = "SELECT penstock_sum(a) AS s, a * 3 AS b FROM t"
        table = read(e, text, types=(DataType.DECIMAL, DataType.DECIMAL))
        plain = value(e, "SELECT SUM(a) FROM t")

    assert table.to_pylist() == [{"s": Decimal(1000), "b": Decimal("0.3")}]
    assert plain != 1000


def test_a_decimal_sum_of_more_digits_is_an_error(tmp_path: Path) -> None:
    created = "CREATE TABLE t (a DECIMAL(18, 4))"
    inserted = "INSERT INTO t VALUES (99999999999999), (0.0001)"
    with opened(tmp_path, created, inserted) as engine, pytest.raises(ResultOverflowError):
        value(engine, "SELECT penstock_sum(a) FROM t")


@pytest.mark.parametrize(
    ("type_", "stored"),
    [
        (DataType.INTEGER, "'x'"),
        (DataType.INTEGER, "1.5"),
        (DataType.FLOAT, "'x'"),
        (DataType.DECIMAL, "'x'"),
        (DataType.BOOLEAN, "2"),
        (DataType.DATE, "1359590400"),
        (DataType.DATE, "2456293.5"),
        (DataType.DATE, "'31/01/2013'"),
        (DataType.TIMESTAMP, "'soon'"),
        (DataType.TIME, "'25:00'"),
        (DataType.BYTES, "7"),
    ],
)
def test_a_value_that_is_not_what_the_model_says_is_an_error(
    tmp_path: Path, type_: DataType, stored: str
) -> None:
    with opened(tmp_path) as engine, pytest.raises(EngineError) as caught:
        read(engine, f"SELECT {stored} AS a", types=(type_,))

    assert caught.value.hint


@pytest.mark.parametrize("text", ["SELECT 1 AS a UNION ALL SELECT 2.5", "SELECT NULL AS a"])
def test_types_nobody_told_are_seen_from_the_values(tmp_path: Path, text: str) -> None:
    with opened(tmp_path) as engine:
        assert read(engine, text).schema.names == ["a"]


def test_a_pattern_made_to_take_for_ever_does_not(tmp_path: Path) -> None:
    pattern = "%a" * 400 + "b"
    with opened(tmp_path) as engine:
        assert value(engine, "SELECT penstock_like(?, ?)", "a" * 5000, pattern) == 0
        assert value(engine, "SELECT penstock_like(?, ?)", "a" * 5000 + "b", pattern) == 1


@pytest.mark.parametrize(
    ("columns", "nullable"),
    [
        ("a INTEGER PRIMARY KEY, b TEXT NOT NULL, c TEXT", [False, False, True]),
        ("a integer, b TEXT, PRIMARY KEY (a)", [False, True]),
        ("a INTEGER PRIMARY KEY DESC, b INT NOT NULL", [True, False]),
        ("a INT PRIMARY KEY, b TEXT", [True, True]),
        ("a TEXT, b INTEGER, PRIMARY KEY (a, b)", [True, True]),
    ],
)
def test_of_keys_the_number_of_a_row_alone_is_never_null(
    tmp_path: Path, columns: str, nullable: list[bool]
) -> None:
    with opened(
        tmp_path, f"CREATE TABLE t ({columns})", "CREATE VIEW v AS SELECT * FROM t"
    ) as engine:
        found = {relation.source: relation for relation in engine.relations()}

    assert [column.nullable for column in found["t",].columns] == nullable
    assert all(column.nullable for column in found["v",].columns)


def test_nobody_is_held_to_a_foreign_key(tmp_path: Path) -> None:
    tables = (
        "CREATE TABLE shops (code INTEGER PRIMARY KEY)",
        "CREATE TABLE sales (shop INTEGER NOT NULL REFERENCES shops)",
        "INSERT INTO sales VALUES (7)",
    )
    with opened(tmp_path, *tables) as engine:
        found = {relation.source: relation for relation in engine.relations()}

    assert [key.enforced for key in found["sales",].foreign_keys] == [False]
