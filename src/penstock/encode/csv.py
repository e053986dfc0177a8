"""Batches → text/csv (RFC 4180, lines end with LF), one header line; a pivot may have more.

A cell is quoted only where it must be. Nulls and what is no number are empty, an empty string is
`""`. A text that a spreadsheet would run as a formula begins with an apostrophe here: it is the
same text on the sheet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from penstock.encode.json_text import is_nested, json_text
from penstock.encode.repeats import Repeats, blanked, without
from penstock.encode.sheet import HeaderRow, lay_out
from penstock.encode.text import Kind, Text, content, joined, plain, text_of
from penstock.encode.types import Closing, Opening

_FORMULA = b"=+-@\t\r"
_BEGINS_FORMULA = r"\A([=+\-@\t\r])"
_SAFE = {Kind.LITERAL, Kind.PLAIN}
_STRUCTURAL = b'",\r\n'
_NEEDS_QUOTES = r'[",\r\n]|\A\z'
_UNQUOTED = csv.WriteOptions(include_header=False, quoting_style="none", batch_size=1 << 16)


class CSV:
    media_type = "text/csv; charset=utf-8"
    shows_totals = False

    def body(
        self, opening: Opening, schema: pa.Schema, batches: Iterable[pa.RecordBatch]
    ) -> Iterator[bytes]:
        with lay_out(opening, schema, batches) as sheet:
            start = b"".join(map(_header, sheet.header))
            repeats = Repeats(sheet.merged)
            for batch in sheet.batches:
                cells = without(batch, repeats.find(batch)) if sheet.merged else batch
                yield start + _lines([_text(array) for array in cells.columns])
                start = b""
            if start:
                yield start

    def tail(self, _opening: Opening, _closing: Closing) -> bytes:
        return b""


def _header(row: HeaderRow) -> bytes:
    named = [Text(pa.array([name], pa.string()), Kind.STRING) for name in row.names]
    if len(row.values) == 0:
        return _lines(named)
    values = row.values
    if row.repeats is not None:
        values = blanked(values, row.repeats)
    texts = _text(values)
    cells = [Text(texts.values.slice(i, 1), texts.kind) for i in range(len(values))]
    return _lines([*named, *cells])


def _text(array: pa.Array) -> Text:
    array = plain(array)
    if is_nested(array.type):
        return Text(json_text(array).values, Kind.STRING)
    return text_of(array)


def _lines(texts: list[Text]) -> bytes:
    """Return a line per row."""
    guarded = [_guarded(text) for text in texts]
    cells = [_quoted(text) for text in guarded]
    if len(cells) == 1:  # a reader takes an empty line for no row at all
        cells = [cells[0].fill_null('""')]
    elif all(cell is text.values for cell, text in zip(cells, guarded, strict=True)):
        return _unquoted_lines(cells)
    words = [word for cell in cells for word in (",", cell)][1:]
    return content(joined(*words, "\n", null=""))


def _unquoted_lines(cells: list[pa.StringArray]) -> bytes:
    # Arrow's writer refuses values that need quotes; without any it is three times faster.
    sink = pa.BufferOutputStream()
    names = [str(position) for position in range(len(cells))]
    csv.write_csv(pa.record_batch(cells, names=names), sink, _UNQUOTED)
    return bytes(sink.getvalue())


def _guarded(text: Text) -> Text:
    """Put an apostrophe before what a spreadsheet would run."""
    if text.kind in _SAFE or not _has(content(text.values), _FORMULA):
        return text
    return Text(pc.replace_substring_regex(text.values, _BEGINS_FORMULA, r"'\1"), text.kind)


def _quoted(text: Text) -> pa.StringArray:
    values = text.values
    if text.kind in _SAFE:
        return values
    shortest = pc.min(pc.binary_length(values)).as_py()
    if shortest != 0 and not _has(content(values), _STRUCTURAL):
        return values
    doubled = pc.replace_substring(values, '"', '""')
    quoted = joined('"', doubled, '"')
    return pc.if_else(pc.match_substring_regex(values, _NEEDS_QUOTES), quoted, values)


def _has(characters: bytes, any_of: bytes) -> bool:
    return len(characters.translate(None, any_of)) != len(characters)
