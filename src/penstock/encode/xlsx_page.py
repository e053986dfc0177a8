"""A sheet's batches → the XML of one page of a workbook, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from penstock.encode.json_text import is_nested
from penstock.encode.repeats import Repeats, blanked, without
from penstock.encode.sheet import HeaderRow, Sheet
from penstock.encode.text import content, joined, plain, text_of
from penstock.encode.xlsx_book import Book
from penstock.encode.xlsx_cells import Style, cells_of

ROWS: Final = 1_048_576
"""Of a page, its header counted."""

_LARGEST: Final = 1 << 30  # bytes of XML: a part of an archive may have twice as many
_NARROWEST: Final = 10  # characters
_WIDEST: Final = 60
_MOMENT: Final = 20
_BUTTON: Final = 3  # characters: what opens the filter
_PIECE: Final = 1 << 16  # bytes
_SEEN: Final = 500  # rows that say how wide their columns are
_START: Final = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'


class SheetPage:
    """A page that is begun, with its header; `rows` show how wide its columns are to be."""

    def __init__(self, book: Book, sheet: Sheet, rows: pa.RecordBatch | None) -> None:
        self._book = book
        self._sheet = sheet
        self._letters = [letters_of(i) for i in range(_width(sheet))]
        self._file = book.open_page()
        self._row = 1
        self._size = 0
        self._repeats = Repeats(sheet.merged)
        self._runs = dict.fromkeys(sheet.merged, len(sheet.header) + 1)
        # A text for each would take ten times as much, and a sheet may have half a million.
        self._merges = bytearray()
        self._merged = 0
        self._write(_START + self._view() + _columns(sheet, rows) + "<sheetData>")
        for row in sheet.header:
            self._add_header(row)

    @property
    def room(self) -> int:
        """How many rows may follow."""
        return ROWS + 1 - self._row if self._size < _LARGEST else 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Write rows, no more than there is room for."""
        numbers = pa.array(range(self._row, self._row + batch.num_rows), pa.int64())
        rows = numbers.cast(pa.string())
        if self._sheet.merged:
            repeats = self._repeats.find(batch)
            batch = without(batch, repeats)
            self._follow(repeats)
        words: list[pa.StringArray | str] = ['<row r="', rows, '">']
        for letters, array in zip(self._letters, batch.columns, strict=True):
            words += cells_of(array).addressed(letters, rows)
        self._write(content(joined(*words, "</row>", null="")))
        self._row += batch.num_rows

    def close(self) -> None:
        """Write what follows the rows."""
        for position in self._runs:
            self._end_run(position, self._row)
        head, last = len(self._sheet.header), self._letters[-1] if self._letters else ""
        filtered = None
        self._write("</sheetData>")
        if self._letters and not self._sheet.merged:
            filtered = f"$A${head}:${last}${self._row - 1}"
            self._write(f'<autoFilter ref="{filtered.replace("$", "")}"/>')
        if self._merged:
            self._write(f'<mergeCells count="{self._merged}">')
            for start in range(0, len(self._merges), _PIECE):
                self._write(bytes(self._merges[start : start + _PIECE]))
            self._write("</mergeCells>")
        self._write("</worksheet>")
        self._book.close_page(filtered)

    def _write(self, text: str | bytes) -> None:
        data = text.encode() if isinstance(text, str) else text
        self._size += len(data)
        self._file.write(data)

    def _view(self) -> str:
        """Keep the header in sight, and the labels beside it."""
        head, labels = len(self._sheet.header), self._sheet.labels
        beside = labels if labels < len(self._letters) else 0
        split = f' xSplit="{beside}"' if beside else ""
        pane = "bottomRight" if beside else "bottomLeft"
        return (
            '<sheetViews><sheetView workbookViewId="0">'
            f'<pane{split} ySplit="{head}" topLeftCell="{letters_of(beside)}{head + 1}"'
            f' activePane="{pane}" state="frozen"/></sheetView></sheetViews>'
        )

    def _add_header(self, row: HeaderRow) -> None:
        names = cells_of(pa.array(row.names, pa.string()), Style.HEADER).complete.to_pylist()
        values = row.values
        first = len(names)
        if row.repeats is not None:
            values = blanked(values, row.repeats)
            for start, end in _runs(row.repeats):
                left, right = self._letters[first + start], self._letters[first + end - 1]
                self._merge(f"{left}{self._row}:{right}{self._row}")
        cells = [*names, *cells_of(values, Style.HEADER).complete.to_pylist()]
        text = "".join(
            f'<c r="{letters}{self._row}{cell}'
            for letters, cell in zip(self._letters, cells, strict=True)
            if cell is not None
        )
        self._write(f'<row r="{self._row}">{text}</row>')
        self._row += 1

    def _follow(self, repeats: dict[int, pa.BooleanArray]) -> None:
        for position, repeated in repeats.items():
            for begun in pc.indices_nonzero(pc.invert(repeated)).to_pylist():
                self._end_run(position, self._row + begun)

    def _end_run(self, position: int, row: int) -> None:
        """Merge the rows of a label up to this one, if they are several."""
        start, letters = self._runs[position], self._letters[position]
        if row - start > 1:
            self._merge(f"{letters}{start}:{letters}{row - 1}")
        self._runs[position] = row

    def _merge(self, cells: str) -> None:
        self._merges += f'<mergeCell ref="{cells}"/>'.encode()
        self._merged += 1


def letters_of(position: int) -> str:
    """Return the name of a column: A, B, … Z, AA."""
    letters, left = "", position + 1
    while left:
        left, digit = divmod(left - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters


def _width(sheet: Sheet) -> int:
    last = sheet.header[-1]
    return len(last.names) + len(last.values)


def _runs(repeats: pa.BooleanArray) -> Iterator[tuple[int, int]]:
    """Yield where several that are the same begin, and end."""
    starts = [*pc.indices_nonzero(pc.invert(repeats)).to_pylist(), len(repeats)]
    for start, end in pairwise(starts):
        if end - start > 1:
            yield start, end


def _columns(sheet: Sheet, rows: pa.RecordBatch | None) -> str:
    last = sheet.header[-1]
    names = [*last.names, *last.values.to_pylist()]
    if not names:
        return ""
    seen: Sequence[pa.Array] = [] if rows is None else rows.slice(0, _SEEN).columns
    widths = [len(name or "") + _BUTTON for name in names]
    for i, array in enumerate(seen):
        widths[i] = max(widths[i], _characters(plain(array)))
    each = "".join(
        f'<col min="{i}" max="{i}" width="{max(_NARROWEST, min(_WIDEST, width))}" customWidth="1"/>'
        for i, width in enumerate(widths, 1)
    )
    return f"<cols>{each}</cols>"


def _characters(array: pa.Array) -> int:
    if types.is_temporal(array.type):
        return _MOMENT if types.is_timestamp(array.type) else _NARROWEST
    if is_nested(array.type):
        return _WIDEST
    return (pc.max(pc.utf8_length(text_of(array).values)).as_py() or 0) + 1
