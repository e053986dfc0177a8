"""An engine over a folder or a port."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from penstock.engine.clickhouse import ClickHouse
from penstock.engine.types import EngineSettings, Option
from penstock.model.types import DataType
from penstock.sql.types import Bound, Statement

DATABASE = "events"
ENDLESS = "SELECT count() AS n FROM numbers(1000000000000) WHERE number % 7 = 3"


def settings(root: Path, **options: Option) -> EngineSettings:
    return EngineSettings(
        database="events",
        root=root,
        files={},
        options={"database": DATABASE, **options},
        memory=1 << 30,
        threads=2,
    )


@contextmanager
def opened(root: Path, **options: Option) -> Iterator[ClickHouse]:
    engine = ClickHouse(settings(root, **options))
    try:
        yield engine
    finally:
        engine.close()


def rows(
    engine: ClickHouse, text: str, *parameters: Bound, types: Sequence[DataType] = ()
) -> list[tuple[object, ...]]:
    running = engine.run(Statement(text, parameters, tuple(types)), timeout=30)
    return [tuple(row.values()) for batch in running for row in batch.to_pylist()]
