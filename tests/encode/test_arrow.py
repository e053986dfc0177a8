from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given

from encode.answers import CLOSING, Answer, answers, encode, encode_table, opening
from penstock.encode.arrow import Arrow
from penstock.encode.types import Column, Role
from penstock.model.types import DataType

COLUMN = (Column(name="it", type=DataType.INTEGER, role=Role.SCALE, attribute="it"),)


def read(text: bytes) -> pa.Table:
    return pa.ipc.open_stream(text).read_all()


@given(answer=answers())
def test_a_reader_finds_the_batches(answer: Answer) -> None:
    found = read(encode(Arrow(), answer))

    assert found.column_names == [column.name for column in answer.columns]
    for column, given_column in zip(found.columns, answer.batch.columns, strict=True):
        expected = given_column
        if pa.types.is_dictionary(expected.type):
            expected = expected.dictionary_decode()
        assert column.combine_chunks().cast(expected.type).equals(expected) or (
            # NaN is not equal to itself
            str(column.to_pylist()) == str(expected.to_pylist())
        )
        column.validate(full=True)


def test_a_field_says_what_it_means() -> None:
    columns = (
        Column(
            name="carrier",
            type=DataType.STRING,
            role=Role.SCALE,
            attribute="carrier",
            title="Carrier",
        ),
        Column(
            name="carrier_label",
            type=DataType.STRING,
            role=Role.LABEL,
            attribute="airline.name",
            labels="carrier",
        ),
        Column(
            name="distance_sum",
            type=DataType.INTEGER,
            role=Role.MEASURE,
            attribute="distance",
            compute="sum",
        ),
    )
    table = pa.table({"a": ["UA"], "b": ["United"], "c": [1]})

    schema = read(encode_table(Arrow(), columns, table)).schema

    assert [field.metadata for field in schema] == [
        {
            b"type": b"string",
            b"role": b"scale",
            b"attribute": b"carrier",
            b"label": b"Carrier",
        },
        {
            b"type": b"string",
            b"role": b"label",
            b"attribute": b"airline.name",
            b"labels": b"carrier",
        },
        {
            b"type": b"integer",
            b"role": b"measure",
            b"attribute": b"distance",
            b"compute": b"sum",
        },
    ]


COLUMN = (Column(name="it", type=DataType.JSON, role=Role.SCALE, attribute="it"),)


def test_a_dictionary_inside_a_list_is_decoded() -> None:
    inner = pa.array(["a", "b"]).dictionary_encode()
    lists = pa.ListArray.from_arrays(pa.array([0, 2], pa.int32()), inner)
    structs = pa.StructArray.from_arrays([inner], names=["name"])

    for array in (lists, structs):
        found = read(encode_table(Arrow(), COLUMN, pa.table({"it": array})))
        assert found.column("it").to_pylist() == array.to_pylist()
        assert "dictionary" not in str(found.schema.field("it").type)


def test_a_body_without_its_tail_does_not_end() -> None:
    start = opening(COLUMN)
    batch = pa.record_batch({"it": ["a"]})
    body = b"".join(Arrow().body(start, batch.schema, [batch]))

    assert body + Arrow().tail(start, CLOSING) == (
        encode_table(Arrow(), COLUMN, pa.table({"it": ["a"]}))
    )
    assert not body.endswith(Arrow().tail(start, CLOSING))


def test_an_empty_answer_still_has_its_columns() -> None:
    found = read(encode_table(Arrow(), COLUMN, pa.table({"it": pa.array([], pa.string())})))

    assert (found.num_rows, found.column_names) == (0, ["it"])


def test_an_error_of_the_database_reaches_the_reader() -> None:
    def source() -> pa.RecordBatchReader:
        yield pa.record_batch({"it": ["a"]})
        raise ConnectionError

    body = Arrow().body(opening(COLUMN), pa.schema({"it": pa.string()}), source())

    assert next(body)
    with pytest.raises(ConnectionError):
        next(body)


def test_the_schema_says_where_the_answer_stops_and_what_is_doubtful() -> None:
    start = replace(opening(COLUMN), cut_at=5000, warning="100 % café")
    batch = pa.record_batch({"a": [1]})
    text = b"".join(Arrow().body(start, batch.schema, [batch]))
    silent = b"".join(Arrow().body(opening(COLUMN), batch.schema, [batch]))

    metadata = read(text).schema.metadata
    assert metadata[b"penstock.limit"] == b"5000"
    assert metadata[b"penstock.warning"].decode() == "100 % café"
    assert b"penstock." not in silent
