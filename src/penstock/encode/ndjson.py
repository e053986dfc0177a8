"""Batches → application/x-ndjson: an object per line, nothing around them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from penstock.encode.batches import narrow, resize
from penstock.encode.json_text import object_pieces, write_columns
from penstock.encode.template import fill
from penstock.encode.text import content
from penstock.encode.types import Closing, Opening


class NDJSON:
    media_type = "application/x-ndjson"
    shows_totals = False

    def body(
        self, opening: Opening, schema: pa.Schema, batches: Iterable[pa.RecordBatch]
    ) -> Iterator[bytes]:
        line = (*object_pieces([column.name for column in opening.columns]), "\n")
        for batch in resize(batches, narrow(len(schema))):
            yield content(fill(line, write_columns(opening, batch)))

    def tail(self, _opening: Opening, _closing: Closing) -> bytes:
        return b""
