"""What a filter keeps is what three-valued logic keeps, whatever the rows and the filter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import duckdb
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from penstock.model.types import DataType
from penstock.query.types import Json
from support.ask import answer, open_gate, run
from support.flights import columns, model, table
from support.logic import Record, holds
from support.queries import TEXTS, Strategy, filters

TYPES = {
    "n": DataType.INTEGER,
    "x": DataType.FLOAT,
    "s": DataType.STRING,
    "b": DataType.BOOLEAN,
    "d": DataType.DATE,
}
DAYS = [date(2013, 1, day) for day in (1, 2, 3)]
SAME: Mapping[str, Strategy] = {
    "n": st.integers(-2, 2),
    "x": st.sampled_from([-0.5, 0.0, 0.5]),
    "s": TEXTS,
    "b": st.booleans(),
}
CELLS = {**SAME, "d": st.sampled_from(DAYS)}
ASKED: Mapping[str, Strategy] = {**SAME, "d": st.sampled_from([str(day) for day in DAYS])}
SCHEMA = pa.schema(
    [
        ("id", pa.int32()),
        ("n", pa.int16()),
        ("x", pa.float64()),
        ("s", pa.string()),
        ("b", pa.bool_()),
        ("d", pa.date32()),
    ]
)
MODEL = model(table("t", columns(id=DataType.INTEGER, **TYPES)))

records = st.lists(
    st.fixed_dictionaries({name: st.none() | cell for name, cell in CELLS.items()}), max_size=8
)


# One connection for all: opening a database takes longer than the question.
CONNECTION = duckdb.connect(config={"threads": 1})


def kept(rows: list[Record], filter_: dict[str, Json]) -> set[object]:
    numbered = [{"id": i, **row} for i, row in enumerate(rows)]
    CONNECTION.register("t", pa.Table.from_pylist(numbered, schema=SCHEMA))
    query: dict[str, Json] = {"data": {"fields": {"id": ["select"]}}, "filter": filter_}
    return {row[0] for row in run(CONNECTION, answer(query, open_gate(MODEL)).rows)}


@given(rows=records, filter_=filters(TYPES, ASKED))
def test_a_filter_keeps_what_three_valued_logic_keeps(
    rows: list[Record], filter_: dict[str, Json]
) -> None:
    assert kept(rows, filter_) == {i for i, row in enumerate(rows) if holds(filter_, row)}


@given(rows=records, filter_=filters(TYPES, ASKED))
def test_no_row_passes_both_a_filter_and_its_opposite(
    rows: list[Record], filter_: dict[str, Json]
) -> None:
    assert not kept(rows, filter_) & kept(rows, {"not": filter_})
