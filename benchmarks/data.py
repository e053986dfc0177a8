"""The data that is measured on: TPC-H's lineitem in Parquet, made once and kept."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Sequence
from pathlib import Path

import duckdb

from benchmarks.environments import tools
from benchmarks.places import cache_folder

GENERATION_TIMEOUT = 300


def lineitem(scale: float) -> Path:
    """Return the Parquet file of TPC-H's lineitem; scale 0.1 has 600,572 rows, 1 has 6 million."""
    folder = cache_folder("data", f"tpch-{scale:g}")
    file = folder / "lineitem.parquet"
    if not file.exists():
        partial = cache_folder("data", f"tpch-{scale:g}", "partial")
        generator = tools().program("tpchgen-cli")
        options = ["parquet", "-s", f"{scale:g}", "--tables=lineitem", f"--output-dir={partial}"]
        subprocess.run(
            [generator, *options], check=True, timeout=GENERATION_TIMEOUT, capture_output=True
        )
        (partial / "lineitem.parquet").rename(file)
    return file


def sqlite_copy(parquet: Path, table: str, columns: Sequence[str]) -> Path:
    """Return the SQLite copy of a Parquet file's columns, for peers that read nothing else."""
    file = cache_folder("data", "sqlite") / f"{table}.db"
    if file.exists():
        return file
    partial = file.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    names = ", ".join(columns)
    marks = ", ".join("?" for _ in columns)
    rows = duckdb.connect().sql(f"SELECT {names} FROM read_parquet('{parquet}')")  # noqa: S608 our own names
    database = sqlite3.connect(partial)
    database.execute(f"CREATE TABLE {table} ({_declare(rows)})")
    insert = f"INSERT INTO {table} VALUES ({marks})"  # noqa: S608 our own names
    for batch in rows.to_arrow_reader(50_000):
        values = zip(*(_plain(column) for column in batch.to_pydict().values()), strict=True)
        database.executemany(insert, values)
    database.commit()
    database.close()
    partial.rename(file)
    return file


def _declare(rows: duckdb.DuckDBPyRelation) -> str:
    return ", ".join(
        f"{name} {_sqlite_type(str(kind))}"
        for name, kind in zip(rows.columns, rows.types, strict=True)
    )


def _sqlite_type(native: str) -> str:
    if "INT" in native:
        return "INTEGER"
    return "REAL" if native.startswith(("DECIMAL", "DOUBLE")) else "TEXT"


def _plain(values: Sequence[object]) -> Sequence[object]:
    """SQLite knows neither decimals nor dates: real numbers, and ISO text."""
    return [
        value if value is None or isinstance(value, (int, float, str)) else str(value)
        for value in values
    ]
