"""Engines on the stand-in, and what they answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from penstock.engine.trino import Trino
from penstock.engine.types import EngineSettings, Option
from penstock.model.types import DataType
from penstock.sql.types import Bound, Statement
from support.trino_coordinator import CATALOG, SCHEMA, Coordinator


def settings(coordinator: Coordinator, root: Path = Path(), **options: Option) -> EngineSettings:
    own: dict[str, Option] = {
        "host": "localhost",
        "port": coordinator.port,
        "catalog": CATALOG,
        "schema": SCHEMA,
    }
    return EngineSettings(
        database="demo",
        root=root,
        files={},
        options=own | options,
        memory=1 << 30,
        threads=2,
    )


@contextmanager
def opened(coordinator: Coordinator, root: Path = Path(), **options: Option) -> Iterator[Trino]:
    engine = Trino(settings(coordinator, root, **options))
    try:
        yield engine
    finally:
        engine.close()


def read(
    engine: Trino, text: str, *parameters: Bound, types: tuple[DataType, ...] = ()
) -> pa.Table:
    running = engine.run(Statement(text, parameters, types), timeout=30)
    return pa.Table.from_batches(list(running), schema=running.schema)


def rows(engine: Trino, text: str, *parameters: Bound) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in read(engine, text, *parameters).to_pylist()]
