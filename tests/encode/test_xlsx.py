from __future__ import annotations

import math
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from io import BytesIO
from zipfile import ZipFile

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils import column_index_from_string

from encode.answers import (
    TEXT,
    Answer,
    Sample,
    Value,
    answers,
    encode,
    encode_column,
    encode_table,
    opening,
)
from penstock.encode.pivot import COLUMNS
from penstock.encode.types import Column, Layout, Role
from penstock.encode.xlsx import XLSX
from penstock.encode.xlsx_page import letters_of
from penstock.errors import LimitError
from penstock.model.types import DataType
from support.workbook import read_cells, read_sheet

FIRST_DAY = date(1900, 3, 1)


def digits(number: int | Decimal) -> int:
    """Return how many digits a number has from its first to its last that is not 0."""
    return len(f"{Decimal(number):f}".replace(".", "").lstrip("-0").rstrip("0"))


def means(sample: Sample, cell: Value, value: Value) -> bool:
    """Whether a cell is the value, as a type of the sheet's own wherever it can be one."""
    match value:
        case None | "":
            return cell is None or cell == value
        case bool() | str():
            return cell == value and type(cell) is type(value)
        case float():
            return _is_same_number(sample, cell, value)
        case int() | Decimal():
            exact = isinstance(cell, int | float) and float(cell) == float(value)
            return exact if digits(value) <= 15 else cell == f"{Decimal(value):f}"
        case date() | time() if _is_a_date(value):
            return _is_same_moment(cell, value)
        case _:
            return sample.printed is not None and cell == sample.printed(value)


def _is_same_number(sample: Sample, cell: Value, value: float) -> bool:
    if not math.isfinite(value):
        return cell is None
    return isinstance(cell, int | float) and pa.scalar(float(cell), sample.arrow).as_py() == value


def _is_a_date(value: date | time) -> bool:
    """Whether a sheet has it: in its calendar, to the millisecond, without a zone."""
    if isinstance(value, datetime):
        return value.tzinfo is None and value.microsecond % 1000 == 0 and value.date() >= FIRST_DAY
    return value.microsecond % 1000 == 0 if isinstance(value, time) else value >= FIRST_DAY


def _is_same_moment(cell: Value, value: date | time) -> bool:
    if isinstance(value, time):
        # The reader of these tests takes a time of day for a length of time, or for both.
        return cell == value
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a sheet has no zones
    return isinstance(cell, datetime) and abs(cell - value) < timedelta(microseconds=500)


@given(answer=answers())
def test_a_spreadsheet_reads_exactly_the_values(answer: Answer) -> None:
    header, *rows = read_cells(encode(XLSX(), answer))

    assert header == [column.name for column in answer.columns]
    missing = len(answer.rows) - len(rows)  # a sheet ends with its cells
    empty: list[list[Value]] = [[None] * len(header)] * missing
    for found, row in zip([*rows, *empty], answer.rows, strict=True):
        for sample, cell, value in zip(answer.samples, found, row, strict=True):
            assert means(sample, cell, value), (sample.arrow, cell, value)


@given(answer=answers())
def test_where_batches_end_leaves_no_trace(answer: Answer) -> None:
    whole = Answer(answer.samples, answer.rows)

    assert read_cells(encode(XLSX(), answer)) == read_cells(encode(XLSX(), whole))


def column(values: pa.Array, kind: DataType = DataType.STRING) -> list[Value]:
    """Return the cells below the header."""
    return [row[0] for row in read_cells(encode_column(XLSX(), values, kind))[1:]]


def xml(workbook: bytes, part: str = "xl/worksheets/sheet1.xml") -> str:
    return ZipFile(BytesIO(workbook)).read(part).decode()


@given(texts=st.lists(TEXT, min_size=1, max_size=6))
def test_no_text_is_a_formula_nor_part_of_the_file_around_it(texts: list[str]) -> None:
    made = encode_column(XLSX(), pa.array(texts), DataType.STRING)

    assert {cell.data_type for row in read_sheet(made).iter_rows() for cell in row} <= {"s", "n"}
    assert "<f>" not in xml(made)


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "http://example.com",
        '<r></is></c><c r="B1"><f>1+1</f></c><c><is></r>',
        "_x0041_x0042_",
        "_x005F_",
        " \t\n a & b < c > d ",
        "\x00\x1f\r\ufffe\uffff",
        "1",
        "TRUE",
    ],
)
def test_a_text_is_that_text(text: str) -> None:
    assert column(pa.array([text])) == [text]


def test_a_text_longer_than_a_cell_ends_with_an_ellipsis() -> None:
    fits, long, pairs = "a" * 32_767, "b" * 32_768, "😀" * 20_000

    found = column(pa.array([fits, long, pairs]))

    assert found == [fits, "b" * 32_766 + "…", "😀" * 16_383 + "…"]


def test_numbers_of_more_digits_than_a_sheet_has_are_texts() -> None:
    whole = pa.array([10**15 - 1, -(10**15) + 1, 10**15 + 1, 10**18, 2**63 - 1])
    exact = pa.array([Decimal("0.10"), Decimal("-123456789012345.60"), Decimal("9999999999999.99")])

    assert column(whole) == [10**15 - 1, -(10**15) + 1, str(10**15 + 1), 10**18, str(2**63 - 1)]
    assert column(exact) == [0.1, "-123456789012345.60", 9999999999999.99]


def test_dates_are_dates_from_the_first_day_that_every_spreadsheet_agrees_on() -> None:
    days = [date(1900, 2, 28), date(1900, 3, 1), date(2013, 1, 31), date(9999, 12, 31)]

    made = encode_column(XLSX(), pa.array(days), DataType.DATE)

    assert [row[0] for row in read_cells(made)[1:]] == [
        "1900-02-28",
        *(datetime(d.year, d.month, d.day) for d in days[1:]),  # noqa: DTZ001 - a sheet has no zones
    ]
    assert read_sheet(made)["A3"].number_format == "yyyy\\-mm\\-dd"


def test_moments_are_dates_to_the_millisecond_and_texts_where_they_are_finer() -> None:
    start = datetime(2013, 1, 31, 10, 30)  # noqa: DTZ001 - a moment without a zone
    half, finer = start.replace(microsecond=500_000), start.replace(microsecond=1)

    assert column(pa.array([start, half, finer])) == [start, half, "2013-01-31T10:30:00.000001"]
    assert column(pa.array([start.replace(tzinfo=UTC)])) == ["2013-01-31T10:30:00Z"]
    assert column(pa.array([time(6, 0), time(6, 0, 0, 1)])) == [time(6, 0), "06:00:00.000001"]


def test_a_moment_that_no_calendar_has_is_no_cell() -> None:
    assert column(pa.array([2**63 - 1, 0]).view(pa.timestamp("us")))[0] is None


def test_the_end_of_a_day_is_a_text() -> None:
    times = pa.array([86_400_000_001, 0, 86_400_000_000], pa.int64()).view(pa.time64("us"))

    assert column(times) == [None, time(0), "24:00:00"]


def test_lists_are_json_in_a_cell() -> None:
    assert column(pa.array([["a", None], None, ["=1"]])) == ['["a",null]', None, '["=1"]']


def named(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name=n, type=DataType.STRING, role=Role.SCALE, attribute=n) for n in names)


def test_the_header_stays_in_sight_and_has_a_filter() -> None:
    sheet = read_sheet(encode_table(XLSX(), named("a", "b"), pa.table({"a": ["x"], "b": [1]})))

    assert (sheet.title, sheet.freeze_panes, sheet.auto_filter.ref) == ("flights", "A2", "A1:B2")
    assert sheet["A1"].font.bold
    assert not sheet["A2"].font.bold


def test_an_answer_without_rows_is_its_header() -> None:
    table = pa.table({"a": pa.array([], pa.string())})

    assert read_cells(encode_table(XLSX(), named("a"), table)) == [["a"]]


@pytest.mark.parametrize(
    ("table", "title"),
    [
        ("flights, planes", "flights, planes"),
        ("a/b[c]:*?\\", "a b c"),
        ("'q'", "q"),
        ("", "Answer"),
        ("x" * 40, "x" * 31),
        ("😀" * 20, "😀" * 15),
    ],
)
def test_the_sheet_is_named_after_the_table_as_far_as_that_can_be(table: str, title: str) -> None:
    start = replace(opening(named("a")), table_name=table)
    made = b"".join(XLSX().body(start, pa.schema([("a", pa.int64())]), []))

    assert read_sheet(made).title == title


def test_what_a_sheet_has_no_room_for_is_on_the_next_one() -> None:
    numbers = pa.table({"a": pa.array(range(1_048_580), pa.int64())})

    made = encode_table(XLSX(), named("a"), numbers)

    first, second = xml(made), xml(made, "xl/worksheets/sheet2.xml")
    assert first.endswith('<autoFilter ref="A1:A1048576"/></worksheet>')
    assert '<row r="1048576"><c r="A1048576"><v>1048574</v></c></row></sheetData>' in first
    assert '<row r="2"><c r="A2"><v>1048575</v></c></row>' in second
    assert second.count("<row ") == 6
    assert '<sheet name="flights 2" sheetId="2"' in xml(made, "xl/workbook.xml")


def test_more_columns_than_a_sheet_has_are_refused_before_anything_is_sent() -> None:
    fields = pa.schema([(f"c{i}", pa.int64()) for i in range(COLUMNS + 1)])

    with pytest.raises(LimitError):
        next(XLSX().body(opening(named(*fields.names)), fields, []))


def test_labels_that_repeat_are_merged_where_that_is_asked() -> None:
    table = pa.table({"a": ["x", "x", "x", "y"], "b": ["1", "1", "2", "2"], "c": [1, 1, 1, 1]})
    names = (
        *named("a", "b"),
        Column(name="c", type=DataType.INTEGER, role=Role.MEASURE, attribute="c"),
    )
    start = replace(opening(names), layout=Layout(None, None, collapse=True))

    made = b"".join(XLSX().body(start, table.schema, table.to_batches(max_chunksize=2)))

    assert {str(merged) for merged in read_sheet(made).merged_cells.ranges} == {"A2:A4", "B2:B3"}
    assert read_cells(made)[1:] == [
        ["x", "1", 1],
        [None, None, 1],
        [None, "2", 1],
        ["y", "2", 1],
    ]


def test_all_of_many_merges_are_in_the_file() -> None:
    rows = 20_000
    table = pa.table({"a": [n // 2 for n in range(rows)], "b": range(rows)})
    scale = Column(name="a", type=DataType.INTEGER, role=Role.SCALE, attribute="a")
    start = replace(opening((scale, *named("b"))), layout=Layout(None, None, collapse=True))

    made = xml(b"".join(XLSX().body(start, table.schema, table.to_batches())))

    merged = [f'<mergeCell ref="A{n}:A{n + 1}"/>' for n in range(2, rows + 2, 2)]
    assert made.endswith(
        f'<mergeCells count="{rows // 2}">{"".join(merged)}</mergeCells></worksheet>'
    )


def test_a_reader_who_leaves_ends_the_file_quietly() -> None:
    table = pa.table({"a": pa.array(range(2_000_000), pa.int64())})
    body = XLSX().body(opening(named("a")), table.schema, iter(table.to_batches()))

    with closing(body) as left:  # type: ignore[type-var]  # a generator, which says so to nobody
        assert next(left)


@given(position=st.integers(0, COLUMNS - 1))
def test_columns_are_named_as_spreadsheets_name_them(position: int) -> None:
    assert column_index_from_string(letters_of(position)) == position + 1
