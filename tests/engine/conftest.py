from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.databases import DATA, opened
from penstock.engine.duckdb import DuckDB


@pytest.fixture(scope="session")
def demo() -> Iterator[DuckDB]:
    """Only two of the five files that lie in the folder are declared."""
    files = {"flights": "flights.parquet", "airlines": "airlines.parquet"}
    with opened(DATA, files) as engine:
        yield engine
