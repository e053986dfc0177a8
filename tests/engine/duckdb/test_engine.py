from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from weakref import ref

import duckdb
import pytest

from engine.databases import DATA, Clock, make_database, opened, read, rows, settings
from penstock.engine.duckdb import DuckDB
from penstock.engine.types import FoundColumn, Option
from penstock.errors import ConfigurationError, EngineError, QueryCancelledError, UnavailableError
from penstock.model.types import DataType
from penstock.sql.types import Statement


def write_csv(path: Path, *lines: str) -> None:
    """As data should be replaced: whole, and in one step."""
    new = path.with_name(f".{path.name}.new")
    new.write_text("\n".join(lines) + "\n")
    new.replace(path)


def test_csv_json_and_globs_are_tables(tmp_path: Path) -> None:
    write_csv(tmp_path / "part-1.csv", "a,b", "1,x")
    write_csv(tmp_path / "part-2.csv", "a,b", "2,y")
    write_csv(tmp_path / ".part-3.csv", "a,b", "3,unfinished")
    (tmp_path / "one.json").write_text('[{"a": 5}]')
    (tmp_path / "lines.ndjson").write_text('{"a": 6}\n{"a": 7}\n')

    files = {"parts": "part-*.csv", "one": "one.json", "lines": "lines.ndjson"}
    with opened(tmp_path, files) as engine:
        assert rows(engine, "SELECT a, b FROM parts ORDER BY a") == [(1, "x"), (2, "y")]
        assert rows(engine, "SELECT a FROM one UNION ALL SELECT a FROM lines") == [(5,), (6,), (7,)]


@pytest.mark.parametrize("table", ["odd name", 'quo"te', "select", "Ünïcode", "a;b--"])
def test_a_table_may_have_any_name_and_its_file_too(tmp_path: Path, table: str) -> None:
    folder = tmp_path / 'it\'s "odd"; --'
    folder.mkdir()
    write_csv(folder / f"{table}.csv", "a", "1")

    with opened(folder, {table: f"{table}.csv"}) as engine:
        assert engine.count((table,)) == 1
        assert engine.columns((table,)) == (FoundColumn("a", DataType.INTEGER, "BIGINT"),)


def test_a_file_whose_name_is_a_pattern_to_the_database_is_refused(tmp_path: Path) -> None:
    write_csv(tmp_path / "a[1].csv", "a", "1")
    write_csv(tmp_path / "a1.csv", "a", "2")

    with pytest.raises(ConfigurationError):
        DuckDB(settings(tmp_path, {"t": "a[1].csv"}))


@pytest.mark.parametrize(
    ("files", "options"),
    [
        ({"t": "missing.parquet"}, {}),
        ({"t": "*.none"}, {}),
        ({"t": "broken.parquet"}, {}),
        ({"t": "notes.txt"}, {}),
        ({"t": "mixed.*"}, {}),
        ({}, {}),
        ({"t": "a.csv"}, {"database": "w.duckdb"}),
        ({"t": "a.csv"}, {"unknown": 1}),
        ({}, {"database": 1}),
        ({}, {"database": "missing.duckdb"}),
        ({}, {"database": "broken.parquet"}),
    ],
)
def test_settings_that_cannot_work_are_refused_with_a_way_forward(
    tmp_path: Path, files: dict[str, str], options: dict[str, Option]
) -> None:
    for name in ("a.csv", "mixed.csv", "mixed.json", "notes.txt", "broken.parquet"):
        (tmp_path / name).write_text("nothing in here is what its name says\n")

    with pytest.raises(ConfigurationError) as caught:
        DuckDB(settings(tmp_path, files, options=options))

    assert caught.value.hint


def test_a_database_file_has_schemas_views_and_tables(tmp_path: Path) -> None:
    make_database(
        tmp_path / "w.duckdb",
        "CREATE TABLE t AS SELECT 1 AS a, 2.5::DECIMAL(9, 2) AS b, [1] AS c, now() AS d",
        "CREATE VIEW v AS SELECT a FROM t",
        "CREATE SCHEMA s",
        "CREATE TABLE s.u AS FROM range(3)",
    )
    engine = DuckDB(settings(tmp_path, options={"database": "w.duckdb"}))

    assert rows(engine, "SELECT a FROM t UNION ALL SELECT a FROM v") == [(1,), (1,)]
    assert engine.count(("s", "u")) == 3
    assert [c.type for c in engine.columns(("t",)) or ()] == [
        DataType.INTEGER,
        DataType.DECIMAL,
        None,
        DataType.TIMESTAMP_TZ,
    ]
    assert engine.columns(("u",)) is None
    engine.close()


def test_flights_have_their_columns_and_rows(demo: DuckDB) -> None:
    found = demo.columns(("flights",))

    assert found is not None
    assert ("carrier", DataType.STRING) in {(c.name, c.type) for c in found}
    assert demo.count(("flights",)) == 336_776
    assert demo.columns(("planes",)) is None
    with pytest.raises(EngineError):
        demo.count(("planes",))


def test_the_version_stays_while_the_files_do_and_changes_with_them(tmp_path: Path) -> None:
    clock = Clock()
    write_csv(tmp_path / "a.csv", "a", "1")

    with opened(tmp_path, {"t": "*.csv"}, clock=clock) as engine:
        first = engine.version()
        clock.now += 1
        assert engine.version() == first

        write_csv(tmp_path / "b.csv", "a", "2")
        assert engine.version() == first, "no second look within half a second"
        clock.now += 1
        assert engine.version() != first


def test_new_data_is_read_also_with_other_columns(tmp_path: Path) -> None:
    clock = Clock()
    write_csv(tmp_path / "a.csv", "a", "1")

    with opened(tmp_path, {"t": "*.csv"}, clock=clock) as engine:
        assert rows(engine, "SELECT * FROM t") == [(1,)]
        write_csv(tmp_path / "a.csv", "a,b", "1,x")
        write_csv(tmp_path / "b.csv", "a,b", "2,y")
        clock.now += 1
        assert rows(engine, "SELECT * FROM t ORDER BY a") == [(1, "x"), (2, "y")]


def test_a_replaced_database_is_read_anew_while_an_old_statement_runs_on(tmp_path: Path) -> None:
    clock = Clock()
    make_database(tmp_path / "w.duckdb", "CREATE TABLE t AS SELECT 1 AS a FROM range(200000)")
    make_database(tmp_path / "new.duckdb", "CREATE TABLE t AS SELECT 2 AS a FROM range(200000)")
    engine = DuckDB(settings(tmp_path, options={"database": "w.duckdb"}), clock=clock)
    running = engine.run(Statement("SELECT a FROM t", ()), timeout=30)
    first = next(running)

    (tmp_path / "new.duckdb").replace(tmp_path / "w.duckdb")
    clock.now += 1

    assert rows(engine, "SELECT DISTINCT a FROM t") == [(2,)]
    old = {value for batch in (first, *running) for value in batch.column(0).to_pylist()}
    assert old == {1}
    engine.close()


def test_two_engines_read_one_database_at_once(tmp_path: Path) -> None:
    make_database(tmp_path / "w.duckdb", "CREATE TABLE t AS SELECT 1 AS a")
    engines = [
        DuckDB(settings(tmp_path, options={"database": "w.duckdb"}, memory=m << 20))
        for m in (100, 200)
    ]

    assert [rows(engine, "SELECT a FROM t") for engine in engines] == [[(1,)], [(1,)]]
    for engine in engines:
        engine.close()


def test_a_database_that_another_program_writes_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    make_database(path, "CREATE TABLE t AS SELECT 1 AS a")
    code = "import duckdb,sys; c=duckdb.connect(sys.argv[1]); print('open',flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(UnavailableError):
            DuckDB(settings(tmp_path, options={"database": "w.duckdb"}))
        other.communicate(b"\n")


@pytest.mark.parametrize("harm", ["gone", "cut", "emptied"])
def test_data_that_cannot_be_read_is_unavailable_until_it_is_back(
    tmp_path: Path, harm: str
) -> None:
    clock = Clock()
    path = tmp_path / "a.parquet"
    whole = (DATA / "airlines.parquet").read_bytes()
    path.write_bytes(whole)

    with opened(tmp_path, {"t": "a.parquet"}, clock=clock) as engine:
        assert engine.count(("t",)) == 16
        engine.ping()
        if harm == "gone":
            path.unlink()
        else:
            os.truncate(path, 100 if harm == "cut" else 0)
        with pytest.raises(UnavailableError):
            read(engine, "SELECT * FROM t")
        clock.now += 1
        with pytest.raises(UnavailableError):
            read(engine, "SELECT * FROM t")
        with pytest.raises(UnavailableError):
            engine.ping()
        path.write_bytes(whole)
        clock.now += 1
        engine.ping()
        assert engine.count(("t",)) == 16


def test_closing_stops_what_runs_and_what_comes_after(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", "a", "1")
    engine = DuckDB(settings(tmp_path, {"t": "a.csv"}))
    running = engine.run(Statement("SELECT i FROM range(100000000) r(i)", ()), timeout=60)
    next(running)
    engine.close()

    with pytest.raises(QueryCancelledError):
        next(running)
    with pytest.raises(UnavailableError):
        read(engine, "SELECT 1 AS a")
    engine.close()


def test_memory_stays_bounded_while_five_million_rows_stream(demo: DuckDB) -> None:
    statement = Statement("SELECT f.* FROM flights f, range(15)", ())
    list(demo.run(Statement("SELECT * FROM flights", ()), timeout=60))
    before, most, count = resident(), 0, 0

    for batch in demo.run(statement, timeout=60):
        count += batch.num_rows
        most = max(most, resident())

    assert count == 5_051_640
    assert most - before < 60 << 20


def resident() -> int:
    """Bytes of memory this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_statement_nobody_holds_is_forgotten_once_its_time_is_over(demo: DuckDB) -> None:
    forgotten = ref(demo.run(Statement("SELECT 1 AS a", ()), timeout=0.01))
    end = time.monotonic() + 10
    while forgotten() is not None and time.monotonic() < end:
        time.sleep(0.01)

    assert forgotten() is None


def test_a_wide_range_of_types_comes_as_arrow(demo: DuckDB) -> None:
    table = read(
        demo, "SELECT 1::HUGEINT AS h, DATE '2013-01-01' AS d, TIME '10:00' AS t, 'x'::BLOB AS b"
    )

    assert [str(t) for t in table.schema.types] == [
        "decimal128(38, 0)",
        "date32[day]",
        "time64[us]",
        "binary",
    ]
    assert duckdb.__version__ >= "2"
