from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.clickhouse.world import DATABASE, opened
from penstock.engine.clickhouse import ClickHouse
from support.clickhouse_http import serve_clickhouse
from support.clickhouse_server import Folder, process_root


@pytest.fixture(scope="session")
def root() -> Path:
    return process_root()


@pytest.fixture(scope="session")
def data(root: Path) -> Iterator[Folder]:
    folder = Folder(root / "data", DATABASE)
    folder.execute(
        "CREATE TABLE kinds (id Int32, kind Enum8('a' = 1, 'b' = 2), code FixedString(4),"
        " key UUID, small Int16, wide UInt64, at DateTime, zoned DateTime('America/New_York'),"
        " tags Array(String), name LowCardinality(Nullable(String)))"
        " ENGINE = MergeTree ORDER BY id",
        "INSERT INTO kinds VALUES (1, 'b', 'ab', '7a0b3f0e-3c8d-4b5e-9f65-0123456789ab', 30000,"
        " 18446744073709551615, '2013-01-31 10:00:00', '2013-01-31 10:00:00', ['x'], 'é'),"
        " (2, 'a', 'abcd', '00000000-0000-0000-0000-000000000000', 30000, 1,"
        " '1970-01-01 00:00:00', '2013-01-31 10:00:00', [], NULL)",
    )
    yield folder
    folder.close()


@pytest.fixture(scope="session", params=["embedded", "http"])
def engine(request: pytest.FixtureRequest, root: Path, data: Folder) -> Iterator[ClickHouse]:
    """The same data by both ways."""
    data.execute("SELECT 1 FROM kinds")
    if request.param == "embedded":
        with opened(root, path="data") as engine:
            yield engine
        return
    with (
        serve_clickhouse(root / "data") as port,
        opened(root, host="127.0.0.1", port=port) as engine,
    ):
        yield engine
