"""Engines on the cluster, and what they answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pyarrow as pa

from penstock.engine.spark import Spark
from penstock.engine.types import EngineSettings, Option
from penstock.model.types import DataType
from penstock.sql.types import Bound, Statement
from support.spark_cluster import Cluster

DATA: Final = Path(__file__).parents[2] / "data"
FLIGHTS: Final = {file.stem: file for file in sorted(DATA.glob("*.parquet"))}


def settings(
    cluster: Cluster, files: Mapping[str, Path] | None = None, **options: Option
) -> EngineSettings:
    return EngineSettings(
        database="demo",
        root=DATA,
        files=FLIGHTS if files is None else files,
        options={"url": cluster.url, **options},
        memory=1 << 30,
        threads=2,
    )


@contextmanager
def opened(
    cluster: Cluster, files: Mapping[str, Path] | None = None, **options: Option
) -> Iterator[Spark]:
    engine = Spark(settings(cluster, files, **options))
    try:
        yield engine
    finally:
        engine.close()


def read(
    engine: Spark, text: str, *parameters: Bound, types: tuple[DataType, ...] = ()
) -> pa.Table:
    running = engine.run(Statement(text, parameters, types), timeout=60)
    return pa.Table.from_batches(list(running), schema=running.schema)


def rows(engine: Spark, text: str, *parameters: Bound) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in read(engine, text, *parameters).to_pylist()]
