"""DuckDB over Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow.parquet as pq

from oracle.engines.types import Connector, Load


class DuckDB:
    name = "duckdb"

    def missing(self) -> None:
        return None

    @contextmanager
    def start(self) -> Iterator[DuckDB]:
        yield self

    def load(self, load: Load) -> Connector:
        (load.project / "data").mkdir()
        for name, table in load.tables.items():
            pq.write_table(table, load.project / "data" / f"{name}.parquet")
        return {"engine": "duckdb", "files": {name: f"data/{name}.parquet" for name in load.tables}}


ENGINE = DuckDB()
