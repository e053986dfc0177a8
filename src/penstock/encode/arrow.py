"""Batches → an Arrow IPC stream whose fields say what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from penstock.encode.batches import Size, resize
from penstock.encode.schema import describe_schema, described
from penstock.encode.types import Closing, Opening

# An IPC message that is empty: without it a reader knows that the answer is not whole.
_END = b"\xff\xff\xff\xff\x00\x00\x00\x00"
_SIZE = Size(rows=65_536, memory=4 << 20, fewest=1024)


class Arrow:
    media_type = "application/vnd.apache.arrow.stream"
    shows_totals = False

    def body(
        self, opening: Opening, schema: pa.Schema, batches: Iterable[pa.RecordBatch]
    ) -> Iterator[bytes]:
        fields = describe_schema(opening, schema)
        start = bytes(fields.serialize())
        for batch in resize(batches, _SIZE):
            yield start + bytes(described(batch, fields).serialize())
            start = b""
        if start:
            yield start

    def tail(self, _opening: Opening, _closing: Closing) -> bytes:
        return _END
