"""Batches → an Office Open XML workbook, sent while it is made.

Each text is written as a text, so nothing in an answer is a formula. A sheet that is full is
continued on another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import pyarrow as pa

from penstock.encode.pivot import COLUMNS
from penstock.encode.sheet import Sheet, lay_out
from penstock.encode.types import Closing, Opening
from penstock.encode.xlsx_book import Book
from penstock.encode.xlsx_page import SheetPage
from penstock.errors import LimitError

_SEND: Final = 1 << 16  # bytes that are worth a chunk


class XLSX:
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    shows_totals = False

    def body(
        self, opening: Opening, schema: pa.Schema, batches: Iterable[pa.RecordBatch]
    ) -> Iterator[bytes]:
        if len(schema) > COLUMNS:
            raise LimitError(
                f"The answer has {len(schema)} columns, and a sheet {COLUMNS} at most.",
                hint="Ask for fewer, or for another format.",
            )
        with lay_out(opening, schema, batches) as sheet, Book(opening.table_name) as book:
            for _ in _write(book, sheet):
                if book.waiting >= _SEND:
                    yield book.take()
            yield book.take()

    def tail(self, _opening: Opening, _closing: Closing) -> bytes:
        return b""


def _write(book: Book, sheet: Sheet) -> Iterator[None]:
    """Write the workbook, with a pause after each batch."""
    page: SheetPage | None = None
    for batch in sheet.batches:
        rest = batch
        while rest.num_rows:
            if page is not None and page.room == 0:
                page.close()
                page = None
            page = page or SheetPage(book, sheet, rest)
            part = rest.slice(0, page.room)
            page.add(part)
            rest = rest.slice(part.num_rows)
            yield
    page = page or SheetPage(book, sheet, None)
    page.close()
    book.finish()
