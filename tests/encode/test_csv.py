from __future__ import annotations

import csv
import io
import math
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from encode.answers import TEXT, Answer, Sample, Value, answers, encode, encode_table
from penstock.encode.csv import CSV
from penstock.encode.types import Column, Role
from penstock.model.types import DataType

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def read(text: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.decode(), newline=""), strict=True))


def means(sample: Sample, cell: str, value: Value) -> bool:
    """Whether a reader who knows the column's type finds the value in its cell."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return cell == ""
    if isinstance(value, bool):
        return cell == str(value).lower()
    if sample.printed:
        printed = sample.printed(value)
        runs = sample.type in {DataType.STRING, DataType.BYTES} and printed.startswith(FORMULA)
        return cell == ("'" if runs else "") + printed
    if isinstance(value, float):
        return bool(pa.scalar(float(cell), sample.arrow).as_py() == value)
    return Decimal(cell) == value


@given(answer=answers())
def test_the_standard_library_reads_exactly_the_values(answer: Answer) -> None:
    header, *rows = read(encode(CSV(), answer))

    assert header == [column.name for column in answer.columns]
    assert len(rows) == len(answer.rows)
    for found, row in zip(rows, answer.rows, strict=True):
        for sample, cell, value in zip(answer.samples, found, row, strict=True):
            assert means(sample, cell, value), (sample.arrow, cell, value)


@given(answer=answers())
def test_where_batches_end_leaves_no_trace(answer: Answer) -> None:
    assert encode(CSV(), answer) == encode(CSV(), Answer(answer.samples, answer.rows))


def lines(*columns: pa.Array) -> list[bytes]:
    """Return the lines after the header."""
    described = tuple(
        Column(
            name=f"c{i}",
            type=DataType.STRING,
            role=Role.MEASURE,
            attribute=f"c{i}",
            compute="select",
        )
        for i in range(len(columns))
    )
    table = pa.table(list(columns), names=[f"c{i}" for i in range(len(columns))])
    return encode_table(CSV(), described, table).split(b"\n")[1:-1]


@pytest.mark.parametrize("start", FORMULA)
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(start: str) -> None:
    (line,) = lines(pa.array([f"{start}cmd|' /C calc'!A0"]), pa.array([1]))

    assert line.lstrip(b'"').startswith(b"'" + start.encode())


def test_numbers_and_dates_never_get_an_apostrophe() -> None:
    dates = pa.array([-800_000], pa.int32()).view(pa.date32())

    assert lines(
        pa.array([-5]), pa.array([-0.5]), pa.array([Decimal("-1.50")]), dates, pa.array(["-5"])
    ) == [b"-5,-0.5,-1.50,-0221-09-04,'-5"]


def test_a_formula_after_the_first_character_is_a_text() -> None:
    assert lines(pa.array(["a=1", "1-2", None]), pa.array([1, 2, 3])) == [
        b"a=1,1",
        b"1-2,2",
        b",3",
    ]


def test_bytes_that_happen_to_begin_with_a_plus_are_guarded_too() -> None:
    assert lines(pa.array([b"\xfb\xef\xbe"]), pa.array([1])) == [b"'++++,1"]


def test_only_cells_that_need_quotes_have_them() -> None:
    texts = pa.array(["plain", "a,b", 'say "hi"', "é 😀", "a'b"])

    assert lines(texts, pa.array([1, 2, 3, 4, 5])) == [
        b"plain,1",
        b'"a,b",2',
        b'"say ""hi""",3',
        "é 😀,4".encode(),
        b"a'b,5",
    ]


def test_a_null_is_empty_and_an_empty_text_is_quoted() -> None:
    assert lines(pa.array(["", None, "a"]), pa.array([1, 2, None])) == [b'"",1', b",2", b"a,"]


def test_no_bytes_are_quoted_like_an_empty_text() -> None:
    assert lines(pa.array([b"", None]), pa.array([1, 2])) == [b'"",1', b",2"]


def test_a_null_alone_in_its_line_is_quoted_or_it_would_be_no_row() -> None:
    assert lines(pa.array([1, None, 2])) == [b"1", b'""', b"2"]


def test_moments_are_iso_8601_and_what_is_no_number_is_empty() -> None:
    moments = pa.array([0, 500_000], pa.int64()).view(pa.timestamp("us"))
    aware = moments.cast(pa.timestamp("us", "UTC"))

    assert lines(moments, aware, pa.array([float("nan"), 0.1])) == [
        b"1970-01-01T00:00:00,1970-01-01T00:00:00Z,",
        b"1970-01-01T00:00:00.5,1970-01-01T00:00:00.5Z,0.1",
    ]


def test_lists_are_json_in_a_cell() -> None:
    assert lines(pa.array([["a", None], None]), pa.array([1, 2])) == [b'"[""a"",null]",1', b",2"]


@given(name=TEXT)
def test_the_header_obeys_the_same_rules(name: str) -> None:
    columns = tuple(
        Column(name=n, type=DataType.INTEGER, role=Role.SCALE, attribute=n)
        for n in (name, f"{name}2")
    )

    text = encode_table(CSV(), columns, pa.table({"a": [1], "b": [2]}))

    guard = "'" if name.startswith(FORMULA) else ""
    other = "'" if f"{name}2".startswith(FORMULA) else ""
    assert read(text) == [[f"{guard}{name}", f"{other}{name}2"], ["1", "2"]]


@given(texts=st.lists(TEXT, min_size=1, max_size=6))
def test_no_cell_begins_a_formula(texts: list[str]) -> None:
    rows = read(encode_table(CSV(), _pair(), pa.table({"a": texts, "b": texts})))

    assert not [cell for row in rows for cell in row if cell.startswith(FORMULA)]


def _pair() -> tuple[Column, ...]:
    return tuple(
        Column(name=n, type=DataType.STRING, role=Role.SCALE, attribute=n) for n in ("a", "b")
    )
