"""Batches → a Parquet file, one row group at a time.

The footer is part of the body: without it a file that broke off cannot be read at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import RawIOBase

import pyarrow as pa
from pyarrow import parquet

from penstock.encode.batches import Size, resize
from penstock.encode.schema import describe_schema, described
from penstock.encode.types import Closing, Opening

_ROW_GROUP = Size(rows=65_536, memory=8 << 20, fewest=32_768)


class Parquet:
    media_type = "application/vnd.apache.parquet"
    shows_totals = False

    def body(
        self, opening: Opening, schema: pa.Schema, batches: Iterable[pa.RecordBatch]
    ) -> Iterator[bytes]:
        fields = describe_schema(opening, schema)
        sink = _Sink()
        with parquet.ParquetWriter(sink, fields, compression="snappy") as writer:
            for batch in resize(batches, _ROW_GROUP):
                group = pa.Table.from_batches([described(batch, fields)])
                writer.write_table(group)  # write_batch would keep it for the next group
                yield sink.take()
        yield sink.take()

    def tail(self, _opening: Opening, _closing: Closing) -> bytes:
        return b""


class _Sink(RawIOBase):
    """A file that forgets what was taken from it, but not how long it is."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._length

    def write(self, data: bytes) -> int:  # type: ignore[override]  # Arrow gives bytes only
        self._waiting.append(data)
        self._length += len(data)
        return len(data)

    def take(self) -> bytes:
        """Return what was written since the last time."""
        taken = b"".join(self._waiting)
        self._waiting.clear()
        return taken
