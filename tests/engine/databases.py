"""Real databases for the tests of engines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from penstock.engine.duckdb import DuckDB
from penstock.engine.types import EngineSettings, Option
from penstock.sql.types import Bound, Statement

DATA = Path(__file__).parents[2] / "data"


def settings(
    root: Path,
    files: Mapping[str, str] | None = None,
    *,
    memory: int = 1 << 30,
    options: Mapping[str, Option] | None = None,
) -> EngineSettings:
    return EngineSettings(
        database="demo",
        root=root,
        files={table: root / path for table, path in (files or {}).items()},
        options=options or {},
        memory=memory,
        threads=2,
    )


class Clock:
    """A time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def opened(
    root: Path, files: Mapping[str, str], *, memory: int = 1 << 30, clock: Clock | None = None
) -> Iterator[DuckDB]:
    engine = DuckDB(settings(root, files, memory=memory), clock=clock or Clock())
    try:
        yield engine
    finally:
        engine.close()


def read(engine: DuckDB, text: str, *parameters: Bound, timeout: float = 30) -> pa.Table:
    running = engine.run(Statement(text, parameters), timeout=timeout)
    return pa.Table.from_batches(list(running), schema=running.schema)


def rows(engine: DuckDB, text: str, *parameters: Bound) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in read(engine, text, *parameters).to_pylist()]


def make_database(path: Path, *statements: str) -> None:
    with duckdb.connect(path) as connection:
        for statement in statements:
            connection.execute(statement).fetchall()
