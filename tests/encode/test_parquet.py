from __future__ import annotations

import io
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from pyarrow import parquet

from encode.answers import SAMPLES, Answer, answers, encode, encode_table, opening
from penstock.encode.parquet import Parquet
from penstock.encode.types import Column, Role
from penstock.model.types import DataType

COLUMN = (
    Column(name="it", type=DataType.INTEGER, role=Role.SCALE, attribute="it", title="Italian"),
)


@given(answer=answers([s for s in SAMPLES if s.arrow != pa.string_view()]))
def test_a_reader_finds_the_values(answer: Answer) -> None:
    found = parquet.read_table(io.BytesIO(encode(Parquet(), answer)))

    assert found.column_names == [column.name for column in answer.columns]
    assert str([c.to_pylist() for c in found.columns]) == (
        str([c.to_pylist() for c in answer.batch.columns])
    )


def test_a_field_says_what_it_means() -> None:
    text = encode_table(Parquet(), COLUMN, pa.table({"a": [1]}))

    metadata = parquet.read_schema(io.BytesIO(text)).field("it").metadata
    assert metadata[b"role"] == b"scale"
    assert metadata[b"label"] == b"Italian"


def test_a_large_answer_has_several_row_groups_each_sent_when_it_is_whole() -> None:
    batches = [pa.record_batch({"a": pa.array(range(50_000))}) for _ in range(10)]

    chunks = list(Parquet().body(opening(COLUMN), batches[0].schema, iter(batches)))

    file = parquet.ParquetFile(io.BytesIO(b"".join(chunks)))
    assert file.metadata.num_rows == 500_000
    assert 5 <= file.metadata.num_row_groups == len(chunks) - 1


def test_an_empty_answer_still_has_its_columns() -> None:
    found = parquet.read_table(
        io.BytesIO(encode_table(Parquet(), COLUMN, pa.table({"a": pa.array([], pa.int64())})))
    )

    assert (found.num_rows, found.column_names) == (0, ["it"])


def test_an_answer_that_breaks_off_cannot_be_read() -> None:
    def source() -> pa.RecordBatchReader:
        yield pa.record_batch({"a": pa.array(range(70_000))})
        raise ConnectionError

    body = Parquet().body(opening(COLUMN), pa.schema({"a": pa.int64()}), source())
    sent = next(body)

    with pytest.raises(ConnectionError):
        list(body)
    with pytest.raises(pa.ArrowInvalid):
        parquet.read_table(io.BytesIO(sent))


def test_the_schema_says_where_the_answer_stops_and_what_is_doubtful() -> None:
    start = replace(opening(COLUMN), cut_at=5000, warning="100 % café")
    batch = pa.record_batch({"a": [1]})
    text = b"".join(Parquet().body(start, batch.schema, [batch]))
    silent = b"".join(Parquet().body(opening(COLUMN), batch.schema, [batch]))

    metadata = parquet.read_schema(io.BytesIO(text)).metadata
    assert metadata[b"penstock.limit"] == b"5000"
    assert metadata[b"penstock.warning"].decode() == "100 % café"
    assert b"penstock." not in silent
