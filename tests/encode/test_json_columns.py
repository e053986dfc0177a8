from __future__ import annotations

import json
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from encode.answers import CLOSING, opening
from penstock.encode.json_columns import JSONColumns
from penstock.encode.types import Column, Role
from penstock.model.types import DataType

COLUMNS = tuple(
    Column(name=n, type=DataType.INTEGER, role=Role.MEASURE, attribute=n, compute="select")
    for n in ("a", "b", "c")
)
SCHEMA = pa.schema({name: pa.int64() for name in ("x", "y", "z")})
MEGABYTE = 1 << 20


def many(rows: int) -> Iterator[pa.RecordBatch]:
    for first in range(0, rows, 10_000):
        numbers = pa.array(range(10**12 + first, 10**12 + first + 10_000))
        yield pa.record_batch([numbers] * 3, schema=SCHEMA)


def test_memory_does_not_grow_with_the_rows() -> None:
    before = pa.total_allocated_bytes()
    most, sent = 0, 0
    tracemalloc.start()

    for chunk in JSONColumns().body(opening(COLUMNS), SCHEMA, many(500_000)):
        sent += len(chunk)
        most = max(most, pa.total_allocated_bytes() - before)
    _, most_python = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert sent > 20 * MEGABYTE
    assert most + most_python < 16 * MEGABYTE


def test_values_come_back_from_the_file_in_order() -> None:
    start = opening(COLUMNS)
    encoder = JSONColumns()

    body = b"".join(encoder.body(start, SCHEMA, many(200_000)))

    values = json.loads(body + encoder.tail(start, CLOSING))["values"]
    expected = list(range(10**12, 10**12 + 200_000))
    assert values == {"a": expected, "b": expected, "c": expected}


def test_the_first_column_does_not_wait_for_the_last_batch() -> None:
    body = JSONColumns().body(opening(COLUMNS), SCHEMA, many(10_000_000_000))

    assert b'"values":{\n"a":[1000000000000,' in next(body)
    body.close()  # type: ignore[attr-defined]  # a generator, as the protocol's words say


def test_a_reader_that_stops_leaves_no_file_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    body = JSONColumns().body(opening(COLUMNS), SCHEMA, many(1_000_000))
    for _ in range(60):
        next(body)
    assert _open_files(tmp_path) == 1

    body.close()  # type: ignore[attr-defined]  # a generator, as the protocol's words say

    assert _open_files(tmp_path) == 0
    assert not list(tmp_path.iterdir())


def _open_files(folder: Path) -> int:
    return sum(str(folder) in _target(link) for link in Path("/proc/self/fd").iterdir())


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except FileNotFoundError:  # the one that lists them
        return ""
