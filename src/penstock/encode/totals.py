"""Subtotals → what stands behind the rows in a JSON answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import pyarrow as pa

from penstock.encode.envelope import describe_columns
from penstock.encode.json_text import quote, write_columns
from penstock.encode.template import Template, fill_rows
from penstock.encode.text import content
from penstock.encode.types import Closing, Column, Opening

Rows = Callable[[tuple[Column, ...]], Template]

_BETWEEN = ",\n"


def write_totals(opening: Opening, closing: Closing, row: Rows, *, described: bool) -> bytes:
    """Return `,"total":{…}`, nothing where none was asked for.

    Each total is a list of rows; where columns are `described`, it says which before its rows.
    """
    if not closing.totals:
        return b""
    parts = []
    for total in closing.totals:
        asked = replace(opening, columns=total.columns)
        rows = b"[" + _rows(asked, total.batches, row(total.columns)) + b"]"
        if described:
            rows = b"{" + describe_columns(total.columns) + b'"rows":' + rows + b"}"
        parts.append(quote(total.name).encode() + b":" + rows)
    return b',"total":{' + b",".join(parts) + b"}"


def _rows(opening: Opening, batches: Iterable[pa.RecordBatch], row: Template) -> bytes:
    template = Template((_BETWEEN, *row.pieces), row.shared)
    written = [
        content(fill_rows(template, write_columns(opening, batch)))
        for batch in batches
        if batch.num_rows
    ]
    return b"".join(written)[len(_BETWEEN) :]
