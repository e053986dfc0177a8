"""A workbook as a spreadsheet reads it."""

from __future__ import annotations

import io
import re

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

Cell = object


def read_sheet(workbook: bytes) -> Worksheet:
    """Return the first sheet."""
    sheet = openpyxl.load_workbook(io.BytesIO(workbook)).worksheets[0]
    assert isinstance(sheet, Worksheet)
    return sheet


def read_cells(workbook: bytes) -> list[list[Cell]]:
    """Return the values of all cells; texts without the escapes that spreadsheets undo."""
    rows = read_sheet(workbook).iter_rows(values_only=True)
    return [[_text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]


def read_rows(workbook: bytes) -> list[dict[object, Cell]]:
    """Return the rows of a sheet with one header row, by its names."""
    header, *rows = read_cells(workbook)
    return [dict(zip(header, row, strict=True)) for row in rows]


def _text(written: str) -> str:
    return re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), written)
