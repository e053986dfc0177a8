"""Batches → application/json, the shape columns: every column's values in one array.

The last value of a column comes after the first of the next one, so all columns but the first
wait in a temporary file until the last batch; the memory used does not grow with the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Self

import pyarrow as pa

from penstock.encode.batches import narrow, resize
from penstock.encode.envelope import describe_columns, foot, head
from penstock.encode.json import object_row
from penstock.encode.json_text import quote, write_columns
from penstock.encode.template import JSONText, fill
from penstock.encode.text import content
from penstock.encode.totals import write_totals
from penstock.encode.types import Closing, Opening

_IN_MEMORY = 4 << 20
_READ = 1 << 20


class JSONColumns:
    media_type = "application/json"
    shows_totals = True

    def body(
        self, opening: Opening, schema: pa.Schema, batches: Iterable[pa.RecordBatch]
    ) -> Iterator[bytes]:
        keys = [f"{quote(column.name)}:[".encode() for column in opening.columns]
        start = head(opening) + describe_columns(opening.columns) + b'"values":{\n' + keys[0]
        with _Waiting(len(keys)) as waiting:
            for batch in resize(batches, narrow(len(schema))):
                first, *others = (_values(text) for text in write_columns(opening, batch))
                yield start + first[1:] if start else first
                start = b""
                for position, values in enumerate(others, 1):
                    waiting.add(position, values)
            if start:
                yield start
            for position, key in enumerate(keys[1:], 1):
                yield b"],\n" + key
                yield from waiting.read(position)

    def tail(self, opening: Opening, closing: Closing) -> bytes:
        return b"]}" + write_totals(opening, closing, object_row, described=True) + foot(closing)


def _values(text: JSONText) -> bytes:
    """Return the values of a column, each after a comma."""
    return content(fill((",", 0), [text]))


class _Waiting:
    """The values of several columns in one temporary file, and where each one's are in it."""

    def __init__(self, columns: int) -> None:
        # It is removed by the operating system even if this process is killed.
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 closed by __exit__
        self._places: list[list[tuple[int, int]]] = [[] for _ in range(columns)]
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, column: int, values: bytes) -> None:
        self._file.write(values)
        self._places[column].append((self._end, len(values)))
        self._end += len(values)

    def read(self, column: int) -> Iterator[bytes]:
        """Return all the values of a column, without the comma before the first."""
        skipped = 1
        chunk: list[bytes] = []
        size = 0
        for place, length in self._places[column]:
            self._file.seek(place + skipped)
            chunk.append(self._file.read(length - skipped))
            size += length
            skipped = 0
            if size >= _READ:
                yield b"".join(chunk)
                chunk, size = [], 0
        if chunk:
            yield b"".join(chunk)
