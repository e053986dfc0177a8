"""Pivots, read back as tables of text, and held against what a dictionary says."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from encode.answers import opening
from penstock.encode.csv import CSV
from penstock.encode.types import Column, Encoder, Layout, Opening, Role, Sort
from penstock.encode.xlsx import XLSX
from penstock.errors import EngineError, LimitError, QueryError
from penstock.model.types import DataType
from support.workbook import read_cells, read_sheet

_FOREVER = 2**63 - 1  # the infinity of some engines
MONTHS = (date(2013, 1, 1), date(2013, 2, 1), date(2013, 3, 1))


def scale(name: str, type_: DataType = DataType.STRING) -> Column:
    return Column(name=name, type=type_, role=Role.SCALE, attribute=name)


def label(of: str) -> Column:
    return Column(
        name=f"{of}_label", type=DataType.STRING, role=Role.LABEL, attribute=of, labels=of
    )


def measure(name: str) -> Column:
    return Column(
        name=name, type=DataType.INTEGER, role=Role.MEASURE, attribute=name, compute="sum"
    )


@dataclass(frozen=True)
class Asked:
    opening: Opening
    table: pa.Table

    def made(self, encoder: Encoder, batch: int = 2) -> bytes:
        batches = self.table.to_batches(max_chunksize=batch)
        return b"".join(encoder.body(self.opening, self.table.schema, iter(batches)))

    @property
    def lines(self) -> list[list[str]]:
        text = self.made(CSV()).decode()
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def asked(
    columns: Mapping[Column, Sequence[object]],
    x: Sequence[str],
    y: Sequence[str],
    *,
    collapse: bool = False,
    sorts: Sequence[tuple[str, bool]] = (),
) -> Asked:
    start = replace(
        opening(tuple(columns)),
        layout=Layout(tuple(x), tuple(y), collapse),
        sorts=tuple(Sort(name, down) for name, down in sorts),
    )
    names = [column.name for column in columns]
    return Asked(start, pa.table([pa.array(v) for v in columns.values()], names=names))


FLIGHTS: Mapping[Column, Sequence[object]] = {
    scale("month", DataType.DATE): [MONTHS[0], MONTHS[1], MONTHS[0], MONTHS[2]],
    scale("origin"): ["JFK", "EWR", "EWR", None],
    label("origin"): ["Kennedy", "Newark", "Newark", None],
    measure("n"): [1, 2, 3, 4],
    measure("d"): [10, 20, None, 40],
}


def test_each_combination_has_its_columns_in_the_order_of_its_labels() -> None:
    assert asked(FLIGHTS, ["month"], ["origin"]).lines == [
        ["month", "", *(str(month) for month in MONTHS for _ in range(2))],
        ["origin", "origin_label", "n", "d", "n", "d", "n", "d"],
        ["EWR", "Newark", "3", "", "2", "20", "", ""],
        ["JFK", "Kennedy", "1", "10", "", "", "", ""],
        ["", "", "", "", "", "", "4", "40"],
    ]


def test_a_scale_is_turned_round_where_the_order_says_so() -> None:
    found = asked(FLIGHTS, ["month"], ["origin"], sorts=[("month", True), ("origin", True)]).lines

    assert found[0][2::2] == [str(month) for month in reversed(MONTHS)]
    assert [line[0] for line in found[2:]] == ["JFK", "EWR", ""]


def test_rows_stand_as_the_answer_has_them_where_a_measure_comes_first() -> None:
    found = asked(FLIGHTS, ["month"], ["origin"], sorts=[("n", False), ("origin", False)]).lines

    assert found[0][2::2] == [str(month) for month in MONTHS]
    assert [line[0] for line in found[2:]] == ["JFK", "EWR", ""]


def test_a_label_of_what_is_spread_has_a_header_row_of_its_own() -> None:
    assert asked(FLIGHTS, ["origin"], ["month"]).lines[:3] == [
        ["origin", "EWR", "EWR", "JFK", "JFK", "", ""],
        ["origin_label", "Newark", "Newark", "Kennedy", "Kennedy", "", ""],
        ["month", "n", "d", "n", "d", "n", "d"],
    ]


def test_everything_spread_is_one_row_and_nothing_spread_is_the_rows_themselves() -> None:
    spread, plain = asked(FLIGHTS, ["origin", "month"], []), asked(FLIGHTS, [], ["origin", "month"])

    assert spread.lines[-2:] == [["n", "d"] * 4, ["3", "", "2", "20", "1", "10", "4", "40"]]
    assert plain.lines[:3] == [
        ["origin", "origin_label", "month", "n", "d"],
        ["EWR", "Newark", "2013-01-01", "3", ""],
        ["EWR", "Newark", "2013-02-01", "2", "20"],
    ]


def test_labels_that_repeat_are_written_once_where_that_is_asked() -> None:
    wide = {**FLIGHTS, scale("carrier"): ["AA", "AA", "UA", "AA"]}

    assert asked(wide, ["month"], ["origin", "carrier"], collapse=True).lines == [
        ["month", "", "", "2013-01-01", "", "2013-02-01", "", "2013-03-01", ""],
        ["origin", "origin_label", "carrier", "n", "d", "n", "d", "n", "d"],
        ["EWR", "Newark", "AA", "", "", "2", "20", "", ""],
        ["", "", "UA", "3", "", "", "", "", ""],
        ["JFK", "Kennedy", "AA", "1", "10", "", "", "", ""],
        ["", "", "AA", "", "", "", "", "4", "40"],
    ]


def test_a_workbook_has_the_pivot_with_real_dates_merged_labels_and_both_kept_in_sight() -> None:
    made = asked(FLIGHTS, ["month"], ["origin"], collapse=True).made(XLSX())

    header, names, first, *_ = read_cells(made)
    assert [str(cell)[:10] for cell in header[2::2]] == [str(month) for month in MONTHS]
    assert (names[2:4], first) == (["n", "d"], ["EWR", "Newark", 3, None, 2, 20, None, None])
    sheet = read_sheet(made)
    assert {str(merged) for merged in sheet.merged_cells.ranges} == {"C1:D1", "E1:F1", "G1:H1"}
    assert sheet.freeze_panes == "C3"


@pytest.mark.parametrize("collapse", [False, True])
def test_an_answer_without_rows_is_the_names_of_its_labels_and_measures(*, collapse: bool) -> None:
    empty: Mapping[Column, Sequence[object]] = {column: [] for column in FLIGHTS}
    nothing = asked(empty, ["month"], ["origin"], collapse=collapse)

    assert nothing.lines == [["month", "", "", ""], ["origin", "origin_label", "n", "d"]]
    assert read_cells(nothing.made(XLSX()))[-1] == ["origin", "origin_label", "n", "d"]


def test_an_answer_without_rows_whose_scales_are_all_spread_names_its_measures() -> None:
    nothing = asked({column: [] for column in FLIGHTS}, ["month", "origin"], [])

    assert nothing.lines[-1] == ["n", "d"]
    assert read_cells(nothing.made(XLSX()))[-1] == ["n", "d"]


def test_a_pivot_of_scales_only_is_refused() -> None:
    with pytest.raises(QueryError) as told:
        asked({scale("a"): ["x"]}, ["a"], []).made(CSV())

    assert told.value.pointer == "/data/fields"


def test_an_answer_that_is_cut_off_by_no_wish_of_the_caller_is_refused() -> None:
    whole = asked(FLIGHTS, ["month"], ["origin"])
    cut = replace(whole, opening=replace(whole.opening, cut_at=4))

    with pytest.raises(LimitError) as told:
        cut.made(CSV())

    assert told.value.pointer == "/data/limit"
    assert replace(whole, opening=replace(whole.opening, cut_at=5)).lines == whole.lines


def test_more_columns_than_a_sheet_has_are_refused_as_soon_as_they_are_met() -> None:
    start = replace(opening((scale("a"), measure("n"))), layout=Layout(("a",), (), collapse=False))
    schema = pa.schema([("a", pa.int64()), ("n", pa.int64())])
    read: list[int] = []

    def endless() -> Iterator[pa.RecordBatch]:
        for start in range(0, 10**9, 1000):
            read.append(start)
            numbers = pa.array(range(start, start + 1000), pa.int64())
            yield pa.record_batch([numbers, numbers], schema=schema)

    with pytest.raises(LimitError) as told:
        next(CSV().body(start, schema, endless()))

    assert (told.value.pointer, len(read)) == ("/options/scales/x", 17)


def test_more_cells_than_anybody_can_look_at_are_refused() -> None:
    numbers = list(range(5000))
    wide = asked({scale("a"): numbers, scale("b"): numbers, measure("n"): numbers}, ["a"], ["b"])

    with pytest.raises(LimitError):
        wide.made(CSV(), 1000)


def test_two_groups_with_the_same_labels_are_an_error_and_not_one_of_them() -> None:
    twice = asked({scale("a"): ["x", "x"], measure("n"): [1, 2]}, ["a"], [])

    with pytest.raises(EngineError):
        twice.made(CSV())


def test_more_rows_than_a_sheet_has_are_refused_before_anything_is_sent() -> None:
    start = replace(opening((scale("a"), measure("n"))), layout=Layout((), ("a",), collapse=False))
    numbers = pa.table({name: pa.array(range(1_000_001), pa.int64()) for name in "an"})

    with pytest.raises(LimitError) as told:
        Asked(start, numbers).made(CSV(), 1 << 16)

    assert told.value.pointer == "/options/scales/y"


def test_who_leaves_early_leaves_no_file_open() -> None:
    start = asked(FLIGHTS, ["month"], ["origin"])
    before = open_files()
    body = CSV().body(start.opening, start.table.schema, broken_off(start.table))

    with pytest.raises(GeneratorExit) as told:
        next(body)

    # Whoever holds the error holds what was being written when it came.
    assert (told.type, open_files()) == (GeneratorExit, before)


def broken_off(table: pa.Table) -> Iterator[pa.RecordBatch]:
    yield from table.to_batches()
    raise GeneratorExit


def open_files() -> set[str]:
    """Return what this process has open that nobody else can name any more."""
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return {str(link.readlink()) for link in links if "(deleted)" in str(link.readlink())}


@pytest.mark.parametrize(
    "kind",
    [pa.string_view(), pa.dictionary(pa.int8(), pa.string()), pa.large_string(), pa.binary_view()],
)
def test_labels_and_measures_may_be_stored_in_any_way(kind: pa.DataType) -> None:
    plain = pa.table({"a": ["x", "y"], "b": ["k", "k"], "n": ["p", "q"]})
    stored = plain.cast(pa.schema([(name, kind) for name in plain.column_names]))
    start = replace(
        opening((scale("a"), scale("b"), measure("n"))),
        layout=Layout(("a",), ("b",), collapse=True),
    )

    assert len(Asked(start, stored).lines) == 3


def test_many_rows_are_written_in_blocks_each_in_its_place() -> None:
    rows = range(5000)
    shuffled = [(n * 7919) % 5000 for n in rows]
    many = asked(
        {scale("a"): [n % 3 for n in shuffled], scale("b"): shuffled, measure("n"): shuffled},
        ["a"],
        ["b"],
    )

    found = many.lines

    assert len(found) == 5002
    assert all(line[1 + n % 3] == str(n) == line[0] for n, line in enumerate(found[2:]))
    assert sum(cell != "" for line in found[2:] for cell in line) == 10_000


def test_a_label_that_is_no_number_is_not_the_null_beside_it() -> None:
    found = asked({scale("a"): [float("nan"), None, 1.5], measure("n"): [1, 2, 3]}, [], ["a"])

    assert found.lines[1:] == [["1.5", "3"], ["", "1"], ["", "2"]]


@pytest.mark.parametrize(
    "values",
    [
        pa.array([_FOREVER, None, 3], pa.int64()).view(pa.timestamp("us")),
        pa.array([_FOREVER, None, 3], pa.int64()).view(pa.timestamp("us", "UTC")),
        pa.array([2**31 - 1, None, 3], pa.int32()).view(pa.date32()),
        pa.array(["a", None, "b"]).cast(pa.large_string()),
    ],
)
def test_a_label_without_a_text_is_not_the_null_beside_it(values: pa.Array) -> None:
    start = opening((scale("a"), measure("n")))
    table = pa.table({"a": values, "n": [1, 2, 3]})

    across = Asked(replace(start, layout=Layout(("a",), (), collapse=False)), table).lines
    down = Asked(replace(start, layout=Layout((), ("a",), collapse=False)), table).lines

    assert sorted(across[-1]) == sorted(line[-1] for line in down[1:]) == ["1", "2", "3"]


RARE = {
    "uuid": pa.array([bytes(16), None, bytes(16)], pa.uuid()),
    "null": pa.nulls(3),
    "interval": pa.array([pa.MonthDayNano([1, 2, 3]), None, pa.MonthDayNano([1, 2, 3])]),
    "half": pa.array([1.5, None, 1.5], pa.float16()),
    "text": pa.array(["a", None, "a"], pa.string_view()),
    "bytes": pa.array([b"a", None, b"a"], pa.binary_view()),
    "decimal": pa.array([Decimal("1.5"), None, Decimal("1.5")], pa.decimal64(6, 2)),
    "list": pa.array([[1], None, [1]]),
    "structure": pa.array([{"x": 1}, None, {"x": 1}]),
}


@pytest.mark.parametrize("values", RARE.values(), ids=RARE.keys())
@pytest.mark.parametrize("encoder", [CSV(), XLSX()])
@pytest.mark.parametrize("y", [("a", "b"), ("a",), ("b",), ()])
def test_labels_of_rare_types_are_shown_as_they_are_in_a_list(
    values: pa.Array, encoder: Encoder, y: tuple[str, ...]
) -> None:
    start = opening((scale("a"), scale("b"), measure("n")))
    table = pa.table({"a": values, "b": [1, 2, 3], "n": [7, 8, 9]})
    x = tuple(name for name in "ab" if name not in y)

    plain = cells_in(encoder, Asked(start, table).made(encoder))
    spread = Asked(replace(start, layout=Layout(x, y, collapse=False)), table).made(encoder)
    merged = Asked(replace(start, layout=Layout(None, None, collapse=True)), table).made(encoder)

    assert cells_in(encoder, spread) >= plain - {"a", "b"}
    assert cells_in(encoder, merged) == plain


def cells_in(encoder: Encoder, made: bytes) -> set[str]:
    if isinstance(encoder, XLSX):
        return {str(cell) for row in read_cells(made) for cell in row if cell is not None}
    rows = csv.reader(io.StringIO(made.decode(), newline=""), strict=True)
    return {cell for row in rows for cell in row if cell}


Key = tuple[str, int | None, date]


@given(
    cells=st.dictionaries(
        st.tuples(
            st.sampled_from(["a", "b", "A", ","]),
            st.none() | st.integers(-1, 2),
            st.sampled_from(MONTHS),
        ),
        st.integers(0, 99),
    ),
    x=st.sets(st.sampled_from("abc")),
    batch=st.integers(1, 4),
)
def test_each_cell_of_the_answer_is_in_the_sheet_once(
    cells: Mapping[Key, int], x: set[str], batch: int
) -> None:
    spread, kept = sorted(x), sorted({*"abc"} - x)
    columns = {
        scale(name, DataType.STRING): [key[i] for key in cells] for i, name in enumerate("abc")
    }
    made = asked({**columns, measure("n"): [*cells.values()]}, spread, kept)

    rows = list(csv.reader(io.StringIO(made.made(CSV(), batch).decode(), newline="")))

    header, body = rows[: len(x)], rows[len(x) + 1 :]
    found = {
        (tuple(row[: len(kept)]), tuple(line[i] for line in header), cell)
        for row in body
        for i, cell in enumerate(row)
        if cell and i >= len(kept)
    }
    assert found == {(_texts(k, kept), _texts(k, spread), str(n)) for k, n in cells.items()}
    assert len(body) == len({_texts(key, kept) for key in cells})


def _texts(key: Key, names: Sequence[str]) -> tuple[str, ...]:
    of = dict(zip("abc", key, strict=True))
    return tuple("" if of[name] is None else str(of[name]) for name in names)
