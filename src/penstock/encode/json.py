"""Batches → application/json, row by row: the shapes nested, rows and compact."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from penstock.encode.batches import narrow, resize
from penstock.encode.envelope import describe_columns, foot, head
from penstock.encode.few import FEW, fill_few
from penstock.encode.json_text import object_pieces, write_columns
from penstock.encode.nested import nested_template
from penstock.encode.template import Template, fill_rows
from penstock.encode.text import content
from penstock.encode.totals import write_totals
from penstock.encode.types import Closing, Column, Opening

_BETWEEN = ",\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class JSON:
    """A shape whose rows follow each other.

    `key` names them, `template` makes one of them, `described` puts the columns before them.
    """

    key: str
    template: Callable[[tuple[Column, ...]], Template]
    described: bool
    media_type: str = "application/json"
    shows_totals: bool = True

    def body(
        self, opening: Opening, schema: pa.Schema, batches: Iterable[pa.RecordBatch]
    ) -> Iterator[bytes]:
        row = self.template(opening.columns)
        row = Template((_BETWEEN, *row.pieces), row.shared)
        start = self._start(opening)
        for batch in resize(batches, narrow(len(schema))):
            rows = _rows(row, opening, batch)
            # The first row has nothing to be kept apart from.
            yield start + rows[len(_BETWEEN) :] if start else rows
            start = b""
        if start:
            yield start

    def tail(self, opening: Opening, closing: Closing) -> bytes:
        totals = write_totals(opening, closing, self.template, described=self.described)
        return b"]" + totals + foot(closing)

    def _start(self, opening: Opening) -> bytes:
        columns = describe_columns(opening.columns) if self.described else b""
        return head(opening) + columns + f'"{self.key}":[\n'.encode()


def _rows(row: Template, opening: Opening, batch: pa.RecordBatch) -> bytes:
    if batch.num_rows <= FEW:
        return fill_few(row, opening, batch)
    return content(fill_rows(row, write_columns(opening, batch)))


def object_row(columns: tuple[Column, ...]) -> Template:
    return Template(object_pieces([column.name for column in columns]))


def _arrays(columns: tuple[Column, ...]) -> Template:
    pieces = [piece for i in range(len(columns)) for piece in ("," if i else "[", i)]
    return Template((*pieces, "]"))


NESTED = JSON(key="results", template=nested_template, described=False)
ROWS = JSON(key="rows", template=object_row, described=True)
COMPACT = JSON(key="rows", template=_arrays, described=True)
