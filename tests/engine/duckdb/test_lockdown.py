"""What a statement may not do, whoever wrote it: the guard first, and the database behind it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from engine.databases import DATA, make_database, opened, read, rows, settings
from penstock.engine.duckdb import DuckDB
from penstock.engine.duckdb.open import open_database
from penstock.engine.files import Files, read_files
from penstock.errors import EngineError


def fill(text: str) -> str:
    """Put real paths in the place of <flights>, declared, <planes> and <data>, not declared."""
    names = {"<flights>": "flights.parquet", "<planes>": "planes.parquet", "<data>": "."}
    for name, file in names.items():
        text = text.replace(name, str(DATA / file))
    return text


# Statements of which the database alone, without the guard, also refuses every one.
LOCKED = [
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/etc/passwd')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM '/etc/hosts.csv'",
    "SELECT * FROM '<planes>'",
    "SELECT * FROM read_parquet('<planes>')",
    "SELECT * FROM parquet_metadata('<planes>')",
    "SELECT * FROM read_parquet('<data>/*.parquet')",
    "SELECT * FROM read_parquet('<flights>/../planes.parquet')",
    "SELECT * FROM read_parquet(['<flights>', '<planes>'])",
    "SELECT * FROM 'http://127.0.0.1:9/x.parquet'",
    "SELECT * FROM read_csv('https://127.0.0.1:9/x.csv')",
    "SELECT * FROM 's3://bucket/x.parquet'",
    "SELECT * FROM read_duckdb('/tmp/other.duckdb')",
    "SELECT getenv('HOME')",
    "SELECT * FROM a_python_variable",
    "SELECT * FROM enable_logging()",
    "SELECT nextval('numbers')",
    "COPY flights TO '/tmp/penstock-stolen.csv'",
    "COPY (SELECT 1) TO '/tmp/penstock-stolen.csv'",
    "EXPORT DATABASE '/tmp/penstock-stolen'",
    "ATTACH ':memory:' AS other",
    "ATTACH '/tmp/penstock-stolen.duckdb' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '/tmp/any.duckdb_extension'",
    "FORCE INSTALL spatial FROM community",
    "UPDATE EXTENSIONS",
    "SET memory_limit = '100GB'",
    "SET GLOBAL threads = 64",
    "SET allowed_paths = ['/etc/passwd']",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "SET python_enable_replacements = true",
    "RESET allowed_paths",
    "PRAGMA enable_profiling",
    "PRAGMA memory_limit = '100GB'",
    "CREATE TABLE mine AS SELECT 1 AS a",
    "CREATE VIEW mine AS SELECT 1 AS a",
    "CREATE OR REPLACE VIEW flights AS SELECT 1 AS a",
    "CREATE SECRET mine (TYPE s3)",
    "DROP VIEW flights",
    "ALTER VIEW flights RENAME TO mine",
    "COMMENT ON VIEW flights IS 'mine'",
    "INSERT INTO flights SELECT * FROM flights",
    "DELETE FROM flights",
    "UPDATE flights SET distance = 0",
]

# Harmless to other data, but nothing that an answer needs: the guard alone.
GUARDED = [
    "SELECT 1; SELECT 2",
    "SELECT * FROM '<flights>'",
    "SELECT * FROM read_parquet('<flights>')",
    "SELECT * FROM \"read_parquet\" ('<flights>')",
    "SELECT * FROM system.main.read_parquet('<flights>')",
    "SELECT (SELECT max(distance) FROM read_parquet/**/('<flights>')) AS m",
    "WITH c AS (SELECT * FROM '<flights>') SELECT * FROM c",
    'SELECT * FROM (WITH "<flights>" AS (SELECT 1) SELECT 2) a, "<flights>"',
    'WITH "<flights>" AS (SELECT * FROM "<flights>") SELECT * FROM "<flights>"',
    "SELECT * FROM query('SELECT 1 AS a')",
    "SELECT * FROM query_table('flights')",
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1 AS a'))",
    "SELECT * FROM arrow_scan(1, 2, 3)",
    "SELECT * FROM pandas_scan(1)",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_views",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM duckdb_temporary_files()",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM pg_catalog.pg_class",
    "SELECT * FROM sqlite_master",
    "SELECT current_setting('temp_directory') AS a",
    "SELECT getvariable('a') AS a",
    "SELECT write_log('x') AS a",
    "SELECT setseed(0.5) AS a",
    "SELECT sleep_ms(1) AS a",
    "CREATE TEMP TABLE mine AS SELECT 1 AS a",
    "CREATE TEMP VIEW flights AS SELECT 1 AS a",
    "CREATE TEMP MACRO sum(a) AS 1",
    "SET VARIABLE a = 1",
    "SET streaming_buffer_size = '100GB'",
    "USE memory",
    "PRAGMA show_tables",
    "PRAGMA database_size",
    "CALL duckdb_settings()",
    "CALL pragma_version()",
    "CHECKPOINT",
    "VACUUM",
    "ANALYZE",
    "BEGIN",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "DEALLOCATE p",
    "EXPLAIN SELECT 1",
    "EXPLAIN ANALYZE SELECT 1",
    "SHOW TABLES",
    "DESCRIBE flights",
    "SUMMARIZE flights",
    "SELECT * FROM (SUMMARIZE flights)",
    "PIVOT flights ON origin USING count(*)",
    "SELECT * FROM (PIVOT flights ON origin USING count(*))",
    "WITH c AS (INSERT INTO flights SELECT * FROM flights RETURNING 1) SELECT * FROM c",
    "WITH c AS (DELETE FROM flights RETURNING 1) SELECT * FROM c",
    "",
    ";",
    "not SQL at all",
]


@pytest.mark.parametrize("text", [*LOCKED, *GUARDED])
def test_nothing_but_one_select_over_declared_tables_runs(demo: DuckDB, text: str) -> None:
    a_python_variable = read(demo, "SELECT 1 AS stolen")
    assert a_python_variable.num_rows == 1

    with pytest.raises(EngineError) as caught:
        read(demo, fill(text))

    assert caught.value.detail == "The database could not answer this query."
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("text", LOCKED)
def test_the_database_refuses_too_where_the_guard_is_not_asked(text: str) -> None:
    a_python_variable = [1]
    database = open_database(
        settings(DATA), read_files({"flights": DATA / "flights.parquet"}), None
    )
    cursor = database.take()

    with pytest.raises(duckdb.Error):
        cursor.execute(fill(text)).fetchall()
    assert a_python_variable == [1]


@pytest.mark.parametrize(
    "text",
    [
        "WITH c AS (INSERT INTO t VALUES (2) RETURNING a) SELECT * FROM c",
        "WITH c AS (DELETE FROM t RETURNING a) SELECT * FROM c",
        "SELECT nextval('numbers') AS a",
        "INSERT INTO t VALUES (2)",
        "CREATE TABLE data.mine (a INT)",
        "CREATE TABLE home.mine (a INT)",
        "DETACH data",
    ],
)
def test_an_attached_database_is_read_only_without_the_guard(tmp_path: Path, text: str) -> None:
    path = tmp_path / "w.duckdb"
    make_database(path, "CREATE TABLE t AS SELECT 1 AS a", "CREATE SEQUENCE numbers")
    database = open_database(settings(tmp_path), Files({}, (), ""), str(path))
    cursor = database.take()

    with pytest.raises(duckdb.Error):
        cursor.execute(text).fetchall()

    assert database.connection.cursor().execute("FROM data.t").fetchall() == [(1,)]


def test_a_database_file_cannot_be_read_past_its_tables(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    make_database(path, "CREATE TABLE t AS SELECT 1 AS a")
    engine = DuckDB(settings(tmp_path, options={"database": "w.duckdb"}))

    with pytest.raises(EngineError):
        read(engine, "SELECT * FROM read_blob('<path>')".replace("<path>", str(path)))
    with pytest.raises(EngineError):
        read(engine, "SELECT * FROM '<path>'".replace("<path>", str(path)))
    engine.close()


def test_caps_are_in_force_and_locked(demo: DuckDB) -> None:
    names = [
        "threads",
        "memory_limit",
        "enable_external_access",
        "lock_configuration",
        "allow_community_extensions",
        "autoinstall_known_extensions",
        "autoload_known_extensions",
        "python_enable_replacements",
        "TimeZone",
        "streaming_buffer_size",
    ]
    database = open_database(settings(DATA), Files({}, (), ""), None)
    cursor = database.take()

    found = [cursor.execute("SELECT current_setting(?)", [n]).fetchall()[0][0] for n in names]

    assert found == [2, "1.0 GiB", False, True, False, False, False, False, "UTC", "2.0 MiB"]
    assert demo.dialect == "duckdb"


def test_only_its_own_private_folder_takes_what_memory_does_not_hold(tmp_path: Path) -> None:
    database = open_database(settings(tmp_path), Files({}, (), ""), None)
    found = database.take().execute("SELECT current_setting('temp_directory')").fetchall()
    folder = Path(found[0][0]).parent

    assert folder.stat().st_mode & 0o077 == 0
    del database
    assert not folder.exists()


def test_a_sort_larger_than_memory_spills_and_is_right(tmp_path: Path) -> None:
    make_parquet(tmp_path / "n.parquet", "SELECT hash(i) AS h, i FROM range(3000000) t(i)")

    with opened(tmp_path, {"n": "n.parquet"}, memory=60 << 20) as engine:
        found = rows(
            engine,
            "SELECT count(*) AS n FROM (SELECT row_number() OVER (ORDER BY h) AS r FROM n) AS t",
        )

    assert found[0][0] == 3_000_000


def make_parquet(path: Path, query: str) -> None:
    with duckdb.connect() as connection:
        connection.sql(query).write_parquet(str(path))
