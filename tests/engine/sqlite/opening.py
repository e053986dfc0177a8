"""SQLite files, and engines on them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pyarrow as pa

from penstock.engine.sqlite import SQLite
from penstock.engine.types import EngineSettings, Option
from penstock.model.types import DataType
from penstock.sql.types import Bound, Statement


def settings(root: Path, **options: Option) -> EngineSettings:
    return EngineSettings(
        database="lake", root=root, files={}, options=options, memory=1 << 30, threads=2
    )


def make_file(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


@contextmanager
def opened(root: Path, *statements: str) -> Iterator[SQLite]:
    make_file(root / "data.db", *statements)
    engine = SQLite(settings(root, database="data.db"))
    try:
        yield engine
    finally:
        engine.close()


def read(
    engine: SQLite, text: str, *parameters: Bound, types: tuple[DataType, ...] = ()
) -> pa.Table:
    running = engine.run(Statement(text, parameters, types), timeout=60)
    return pa.Table.from_batches(list(running), schema=running.schema)


def value(engine: SQLite, text: str, *parameters: Bound) -> object:
    found: object = read(engine, text, *parameters).column(0)[0].as_py()
    return found
