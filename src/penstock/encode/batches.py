"""Batches of any size → batches of a size worth encoding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil

import pyarrow as pa

_FIRST = 1024  # rows: encoded in half a millisecond


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Batches of more than `rows` rows or `memory` bytes are cut into equal parts.

    Parts smaller than `fewest` rows wait for the next ones. A single row may be any size.
    """

    rows: int
    memory: int
    fewest: int


def resize(batches: Iterable[pa.RecordBatch], size: Size) -> Iterator[pa.RecordBatch]:
    """Cut large batches, gather small ones, drop empty ones.

    The first is not held back, and is made small: its reader has waited for the database already.
    """
    waiting: list[pa.RecordBatch] = []
    rows, memory, fewest = 0, 0, 1
    for part in _parts(_begun(batches), size):
        if waiting and memory + part.nbytes > size.memory:
            yield _joined(waiting)
            waiting, rows, memory = [], 0, 0
        waiting.append(part)
        rows += part.num_rows
        memory += part.nbytes
        if rows >= fewest:
            yield _joined(waiting)
            waiting, rows, memory, fewest = [], 0, 0, size.fewest
    if waiting:
        yield _joined(waiting)


def narrow(columns: int) -> Size:
    """Return a size whose text is a megabyte or so: it stays in the processor's cache."""
    rows = max(256, min(8192, 65_536 // max(columns, 1)))
    return Size(rows=rows, memory=4 << 20, fewest=rows // 2)


def _begun(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Cut some rows off the first batch that has any."""
    begun = False
    for batch in batches:
        if begun or batch.num_rows <= _FIRST:
            yield batch
        else:
            yield batch.slice(0, _FIRST)
            yield batch.slice(_FIRST)
        begun = begun or batch.num_rows > 0


def _parts(batches: Iterable[pa.RecordBatch], size: Size) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        if batch.num_rows == 0:
            continue
        rows = ceil(batch.num_rows / ceil(batch.num_rows / size.rows))
        for start in range(0, batch.num_rows, rows):
            yield from _halved(batch.slice(start, rows), size.memory)


def _halved(batch: pa.RecordBatch, memory: int) -> Iterator[pa.RecordBatch]:
    if batch.nbytes <= memory or batch.num_rows == 1:
        yield batch
        return
    middle = batch.num_rows // 2
    yield from _halved(batch.slice(0, middle), memory)
    yield from _halved(batch.slice(middle), memory)


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)
