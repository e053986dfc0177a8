"""What lies on the desk where the parts of one statement are joined."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest

from penstock.engine.duckdb.joining import Desk, Joining
from penstock.sql.types import Statement

TWICE = Statement('SELECT COUNT(*) AS rows FROM "part" AS a JOIN "part" AS b ON a.id = b.id', ())


@pytest.fixture
def desk() -> Iterator[Desk]:
    joining = Joining(64 << 20, 1)
    desk = joining.desk()
    yield desk
    desk.close()
    joining.close()


def numbers(rows: int, batch: int = 1_000) -> pa.RecordBatchReader:
    """Give whole numbers from 0, in batches, and one null."""
    schema = pa.schema([("id", pa.int64())])
    batches = [
        pa.RecordBatch.from_pydict({"id": [*range(at, min(rows, at + batch))]}, schema=schema)
        for at in range(0, rows, batch)
    ]
    none = pa.RecordBatch.from_pydict({"id": [None]}, schema=schema)
    return pa.RecordBatchReader.from_batches(schema, iter([*batches, none]))


def rows_of(desk: Desk, statement: Statement) -> list[object]:
    desk.start(statement)
    batch = desk.read()
    return [] if batch is None else batch.column(0).to_pylist()


@pytest.mark.parametrize("many", [3, 50_000])
def test_what_is_kept_may_be_read_more_than_once(desk: Desk, many: int) -> None:
    desk.keep("part", numbers(many))

    assert rows_of(desk, TWICE) == [many]


@pytest.mark.parametrize("many", [3, 50_000])
def test_different_values_of_what_is_kept_are_told_if_they_are_few(desk: Desk, many: int) -> None:
    desk.keep("part", numbers(many))

    assert sorted(str(value) for value in desk.values("part", "id", many) or ()) == sorted(
        str(value) for value in range(many)
    )
    assert desk.values("part", "id", many - 1) is None


def test_what_has_no_row_is_kept_too(desk: Desk) -> None:
    desk.keep("part", pa.RecordBatchReader.from_batches(pa.schema([("id", pa.int64())]), iter([])))

    assert rows_of(desk, TWICE) == [0]
    assert desk.values("part", "id", 5) == ()
