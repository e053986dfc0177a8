from __future__ import annotations

import json
from decimal import Decimal

import pyarrow as pa
from hypothesis import given

from encode.answers import Answer, answers, encode, encode_column, same
from penstock.encode.ndjson import NDJSON
from penstock.model.types import DataType


@given(answer=answers())
def test_every_line_is_a_row_with_exactly_its_values(answer: Answer) -> None:
    lines = encode(NDJSON(), answer).split(b"\n")

    assert lines.pop() == b""
    assert len(lines) == len(answer.rows)
    for line, row in zip(lines, answer.rows, strict=True):
        found = json.loads(line, parse_float=Decimal)
        assert list(found) == [column.name for column in answer.columns]
        for sample, cell, value in zip(answer.samples, found.values(), row, strict=True):
            assert same(sample, cell, value)


@given(answer=answers())
def test_where_batches_end_leaves_no_trace(answer: Answer) -> None:
    assert encode(NDJSON(), answer) == encode(NDJSON(), Answer(answer.samples, answer.rows))


def test_a_document_of_several_lines_stays_on_its_own() -> None:
    text = encode_column(NDJSON(), pa.array(['{\r\n  "a":\n1}']), DataType.JSON)

    assert text == b'{"it":{    "a": 1}}\n'


def test_an_empty_answer_has_no_lines() -> None:
    assert encode_column(NDJSON(), pa.array([], pa.int64()), DataType.INTEGER) == b""
