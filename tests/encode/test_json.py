from __future__ import annotations

import json
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from encode.answers import (
    CHARACTERS,
    SAMPLES,
    Answer,
    Value,
    answers,
    encode,
    encode_column,
    encode_table,
    opening,
    same,
)
from penstock.encode.formats import DEFAULT
from penstock.encode.types import Column, Encoder, Role, Shape
from penstock.model.types import DataType

ENCODERS = {shape: DEFAULT.encoder(shape) for shape in Shape}
CARRIER = Column(
    name="carrier", type=DataType.STRING, role=Role.SCALE, attribute="carrier", title="Carrier"
)
NAME = Column(
    name="carrier_label",
    type=DataType.STRING,
    role=Role.LABEL,
    attribute="airline.name",
    labels="carrier",
)
MONTH = Column(
    name="flight_date:month", type=DataType.DATE, role=Role.SCALE, attribute="flight_date"
)


def measure(attribute: str, compute: str) -> Column:
    return Column(
        name=f"{attribute}_{compute}",
        type=DataType.INTEGER,
        role=Role.MEASURE,
        attribute=attribute,
        compute=compute,
    )


def read(text: bytes) -> Value:
    return json.loads(text, parse_float=Decimal)


def table_of(answer: Answer, shape: Shape, text: bytes) -> list[list[Value]]:
    """Return the rows of any shape, with the standard library alone."""
    found = json.loads(text, parse_float=Decimal)
    names = [column.name for column in answer.columns]
    match shape:
        case Shape.NESTED:
            return [
                [row["data"][c.attribute]["sum"][0]["value"] for c in answer.columns]
                for row in found["results"]
            ]
        case Shape.ROWS:
            return [[row[name] for name in names] for row in found["rows"]]
        case Shape.COLUMNS:
            return [list(row) for row in zip(*(found["values"][n] for n in names), strict=True)]
        case Shape.COMPACT:
            return [list(row) for row in found["rows"]]


@pytest.mark.parametrize("shape", list(Shape))
@given(answer=answers())
def test_the_standard_library_reads_exactly_the_values(answer: Answer, shape: Shape) -> None:
    rows = table_of(answer, shape, encode(ENCODERS[shape], answer))

    assert len(rows) == len(answer.rows)
    for found, row in zip(rows, answer.rows, strict=True):
        for sample, cell, value in zip(answer.samples, found, row, strict=True):
            assert same(sample, cell, value), (sample.arrow, cell, value)


@pytest.mark.parametrize("shape", list(Shape))
@given(answer=answers())
def test_where_batches_end_leaves_no_trace(answer: Answer, shape: Shape) -> None:
    whole = Answer(answer.samples, answer.rows)

    assert encode(ENCODERS[shape], answer) == encode(ENCODERS[shape], whole)


@pytest.mark.parametrize("shape", list(Shape))
def test_an_answer_without_batches_is_whole_and_empty(shape: Shape) -> None:
    answer = Answer(SAMPLES[:3], [])
    start = opening(answer.columns)

    body = b"".join(ENCODERS[shape].body(start, answer.batch.schema, []))
    text = body + encode(ENCODERS[shape], answer)[len(body) :]

    assert text == encode(ENCODERS[shape], answer)
    assert table_of(answer, shape, text) == []


def test_the_nested_shape_is_the_one_the_language_documents() -> None:
    columns = (CARRIER, NAME, MONTH, measure("dep_delay", "avg"), measure("dep_delay", "max"))
    table = pa.table(
        {
            "a": ["UA"],
            "b": ["United Air Lines Inc."],
            "c": pa.array([0], pa.int32()).view(pa.date32()),
            "d": [1.5],
            "e": [7],
        }
    )

    scales = {"carrier": "UA", "flight_date:month": "1970-01-01"}
    assert json.loads(encode_table(ENCODERS[Shape.NESTED], columns, table)) == {
        "success": True,
        "error": None,
        "query_params": {"data": {"fields": {}}},
        "table_name": "flights",
        "results": [
            {
                "scales": scales,
                "labels": {"carrier": "United Air Lines Inc."},
                "data": {
                    "dep_delay": {
                        "avg": [{**scales, "value": 1.5}],
                        "max": [{**scales, "value": 7}],
                    }
                },
            }
        ],
        "cache": False,
        "timestamp": 1764633600,
        "duration": 0.011,
        "warning": None,
        "hints": 32,
    }


def test_a_grand_total_has_no_scales() -> None:
    text = encode_table(
        ENCODERS[Shape.NESTED], (measure("distance", "sum"),), pa.table({"a": [89705524]})
    )

    assert json.loads(text)["results"] == [
        {"scales": {}, "data": {"distance": {"sum": [{"value": 89705524}]}}}
    ]


def test_scales_without_measures_are_a_row() -> None:
    text = encode_table(ENCODERS[Shape.NESTED], (CARRIER,), pa.table({"a": ["UA", None]}))

    assert json.loads(text)["results"] == [
        {"scales": {"carrier": "UA"}, "data": {}},
        {"scales": {"carrier": None}, "data": {}},
    ]


def test_columns_of_one_measure_are_the_elements_of_its_list() -> None:
    columns = (CARRIER, measure("flight", "count"), measure("flight", "count"))
    text = encode_table(
        ENCODERS[Shape.NESTED],
        columns,
        pa.table([pa.array(["UA"]), pa.array([4346]), pa.array([4637])], names=["a", "b", "c"]),
    )

    assert json.loads(text)["results"][0]["data"]["flight"]["count"] == [
        {"carrier": "UA", "value": 4346},
        {"carrier": "UA", "value": 4637},
    ]


@pytest.mark.parametrize("shape", [Shape.ROWS, Shape.COLUMNS, Shape.COMPACT])
def test_columns_are_described(shape: Shape) -> None:
    columns = (CARRIER, NAME, measure("distance", "sum"))
    table = pa.table({"a": ["UA"], "b": ["United"], "c": [1]})

    assert json.loads(encode_table(ENCODERS[shape], columns, table))["columns"] == [
        {
            "name": "carrier",
            "type": "string",
            "attribute": "carrier",
            "compute": None,
            "label": "Carrier",
            "role": "scale",
        },
        {
            "name": "carrier_label",
            "type": "string",
            "attribute": "airline.name",
            "compute": None,
            "label": None,
            "role": "label",
            "labels": "carrier",
        },
        {
            "name": "distance_sum",
            "type": "integer",
            "attribute": "distance",
            "compute": "sum",
            "label": None,
            "role": "measure",
        },
    ]


def test_the_request_is_repeated_word_for_word() -> None:
    text = encode_table(ENCODERS[Shape.ROWS], (CARRIER,), pa.table({"a": ["UA"]}))

    assert b'"query_params":{"data": {"fields": {}}},' in text


@given(name=st.text(CHARACTERS, max_size=6), shape=st.sampled_from(list(Shape)))
def test_any_name_is_a_key(name: str, shape: Shape) -> None:
    columns = tuple(
        Column(
            name=name + suffix,
            type=DataType.INTEGER,
            role=role,
            attribute=name + suffix,
            compute=name if role is Role.MEASURE else None,
        )
        for suffix, role in (("1", Role.SCALE), ("2", Role.SCALE), ("3", Role.MEASURE))
    )
    table = pa.table({"a": [1], "b": [2], "c": [3]})

    found = json.loads(encode_table(ENCODERS[shape], columns, table))

    expected: dict[Shape, tuple[str, Value]] = {
        Shape.NESTED: (
            "results",
            [
                {
                    "scales": {f"{name}1": 1, f"{name}2": 2},
                    "data": {
                        f"{name}3": {name or "select": [{f"{name}1": 1, f"{name}2": 2, "value": 3}]}
                    },
                }
            ],
        ),
        Shape.ROWS: ("rows", [{f"{name}1": 1, f"{name}2": 2, f"{name}3": 3}]),
        Shape.COLUMNS: ("values", {f"{name}1": [1], f"{name}2": [2], f"{name}3": [3]}),
        Shape.COMPACT: ("rows", [[1, 2, 3]]),
    }
    key, value = expected[shape]
    assert found[key] == value


def cells(array: pa.Array, kind: DataType, *, exact: bool = False) -> list[Value]:
    text = encode_column(ENCODERS[Shape.COMPACT], array, kind, exact=exact)
    return [row[0] for row in json.loads(text, parse_float=Decimal)["rows"]]


def test_exact_numbers_beyond_2_to_the_53_are_strings() -> None:
    numbers = [2**53, 2**53 + 1, -(2**53) - 1, None, 7]

    assert cells(pa.array(numbers), DataType.INTEGER, exact=True) == [
        9007199254740992,
        "9007199254740993",
        "-9007199254740993",
        None,
        7,
    ]
    assert cells(pa.array(numbers), DataType.INTEGER) == numbers


def test_exact_sums_that_an_engine_gives_as_decimals_follow_the_same_rule() -> None:
    sums = pa.array([Decimal(7), Decimal(10**37), Decimal(-(10**37))], pa.decimal128(38, 0))

    assert cells(sums, DataType.INTEGER, exact=True) == [7, str(10**37), str(-(10**37))]
    assert cells(sums, DataType.INTEGER) == [7, 10**37, -(10**37)]


def test_exact_decimals_are_strings() -> None:
    prices = pa.array([Decimal("0.10"), None, Decimal("-12.50")], pa.decimal128(18, 2))

    assert cells(prices, DataType.DECIMAL, exact=True) == ["0.10", None, "-12.50"]
    assert cells(prices, DataType.DECIMAL) == [Decimal("0.10"), None, Decimal("-12.50")]


@given(answer=answers([s for s in SAMPLES if s.type.is_number and s.type is not DataType.FLOAT]))
def test_exact_numbers_lose_nothing_even_in_doubles(answer: Answer) -> None:
    text = encode(ENCODERS[Shape.COMPACT], answer, exact=True)
    rows = json.loads(text, parse_int=float)["rows"]

    assert [[None if v is None else Decimal(v) for v in row] for row in rows] == [
        list(row) for row in answer.rows
    ]


def test_small_decimals_are_written_without_an_exponent() -> None:
    small = pa.array([Decimal("1E-10"), Decimal("-1E-10"), Decimal(0)], pa.decimal128(38, 10))

    text = encode_column(ENCODERS[Shape.COMPACT], small, DataType.DECIMAL)

    assert b"[0.0000000001],\n[-0.0000000001],\n[0.0000000000]" in text


def test_what_is_no_number_is_null() -> None:
    floats = pa.array([float("nan"), float("inf"), float("-inf"), 0.1, 1e22, 5e-324])

    assert cells(floats, DataType.FLOAT) == [
        None,
        None,
        None,
        Decimal("0.1"),
        Decimal("1E+22"),
        Decimal("5E-324"),
    ]


def test_json_is_embedded_and_a_broken_one_is_a_string() -> None:
    documents = ['{"a": [1, 2.50]}', '{"a":\n1}', "{a: 1}", "1, 2", "NaN", "", None, '"\\ud83d"']

    text = encode_column(ENCODERS[Shape.COMPACT], pa.array(documents), DataType.JSON)

    assert b'[{"a": [1, 2.50]}],\n' in text
    assert [row[0] for row in json.loads(text)["rows"]][:7] == [
        {"a": [1, 2.5]},
        {"a": 1},
        "{a: 1}",
        "1, 2",
        "NaN",
        "",
        None,
    ]


@given(documents=st.lists(st.text(alphabet='{}[],:"\\1.e-+u0dntrfalse ', max_size=12), max_size=6))
def test_no_document_breaks_the_answer(documents: list[str]) -> None:
    found = cells(pa.array(documents, pa.string()), DataType.JSON)

    assert len(found) == len(documents)
    for value, document in zip(found, documents, strict=True):
        assert value == document or value == json.loads(document, parse_float=Decimal)


def test_a_document_of_great_depth_is_a_string() -> None:
    deep = "[" * 100_000 + "]" * 100_000

    assert cells(pa.array([deep, "[]"]), DataType.JSON) == [deep, []]


NESTED_TYPE = pa.struct(
    {
        "list": pa.list_(pa.decimal128(20, 2)),
        "map": pa.map_(pa.string(), pa.int64()),
        "text": pa.string(),
        "none": pa.struct([]),
        "fixed": pa.list_(pa.bool_(), 2),
    }
)
NESTED_VALUES = st.none() | st.fixed_dictionaries(
    {
        "list": st.none()
        | st.lists(st.none() | st.integers(-999, 999).map(lambda n: Decimal(n).scaleb(-2))),
        "map": st.none()
        | st.dictionaries(st.text(CHARACTERS, max_size=3), st.none() | st.integers(0, 9)),
        "text": st.none() | st.text(CHARACTERS, max_size=3),
        "none": st.just({}),
        "fixed": st.none() | st.lists(st.booleans(), min_size=2, max_size=2),
    }
)


@given(values=st.lists(NESTED_VALUES, max_size=8), cut=st.integers(0, 8))
def test_lists_structs_and_maps_are_json_at_every_depth(
    values: list[dict[str, Value] | None], cut: int
) -> None:
    table = pa.table({"it": pa.array(values, NESTED_TYPE)})
    pieces = pa.concat_tables([table.slice(0, cut), table.slice(cut)])
    column = Column(
        name="it", type=DataType.JSON, role=Role.MEASURE, attribute="it", compute="select"
    )

    text = encode_table(ENCODERS[Shape.COMPACT], (column,), pieces)

    assert json.loads(text, parse_float=Decimal)["rows"] == [[value] for value in values]


@pytest.mark.parametrize(
    "kind", [pa.large_list(pa.int64()), pa.list_view(pa.int64()), pa.large_list_view(pa.int64())]
)
def test_every_kind_of_list_is_an_array(kind: pa.DataType) -> None:
    array = pa.array([[9], [1, None], None, []], kind).slice(1)

    assert cells(array, DataType.JSON) == [[1, None], None, []]


def test_invalid_utf8_becomes_the_replacement_character() -> None:
    broken = pa.array([b"ok", b"\xff\xfe", b'"\xc3', None], pa.binary()).cast(
        pa.string(), safe=False
    )

    assert cells(broken, DataType.STRING) == ["ok", "\ufffd\ufffd", '"\ufffd', None]


def test_a_moment_that_no_calendar_has_is_null() -> None:
    moments = pa.array([0, 2**63 - 1, -(2**63) + 1], pa.int64()).view(pa.timestamp("us"))

    assert cells(moments, DataType.TIMESTAMP) == ["1970-01-01T00:00:00", None, None]


def test_years_of_five_digits_keep_their_digits() -> None:
    days = pa.array([10_000_000, 0], pa.int32()).view(pa.date32())

    assert cells(days, DataType.DATE) == ["29349-01-26", "1970-01-01"]
    assert cells(days.cast(pa.timestamp("us")), DataType.TIMESTAMP) == [
        "29349-01-26T00:00:00",
        "1970-01-01T00:00:00",
    ]


@pytest.mark.parametrize(
    ("array", "found"),
    [
        (pa.nulls(2), [None, None]),
        (pa.array([b"0123456789abcdef"], pa.uuid()), ["30313233-3435-3637-3839-616263646566"]),
        (pa.array(['{"a":1}'], pa.json_()), [{"a": 1}]),
        (pa.array([1.5, None], pa.float16()), [Decimal("1.5"), None]),
        (pa.RunEndEncodedArray.from_arrays(pa.array([2], pa.int32()), ["a"]), ["a", "a"]),
        (pa.array([1], pa.duration("ns")), [1]),
        (pa.array([b"ab"], pa.binary(2)), ["YWI="]),
        (pa.array([pa.MonthDayNano([1, 2, 3])]), ["MonthDayNano(months=1, days=2, nanoseconds=3)"]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_types_that_the_language_does_not_have_are_still_json(
    array: pa.Array, found: list[Value]
) -> None:
    assert cells(array, DataType.JSON) == found


@pytest.mark.parametrize("encoder", ENCODERS.values(), ids=list(ENCODERS))
def test_each_batch_is_sent_before_the_next_is_asked_for(encoder: Encoder) -> None:
    asked = 0

    def batches() -> list[pa.RecordBatch]:
        return [pa.record_batch({"a": pa.array(range(8192))})]

    def source() -> pa.RecordBatchReader:
        nonlocal asked
        for _ in range(3):
            asked += 1
            yield from batches()

    start = opening((measure("a", "sum"),))
    body = encoder.body(start, batches()[0].schema, source())

    next(body)  # the first rows, on their own
    next(body)
    assert asked == 1
    next(body)
    assert asked == 2


@pytest.mark.parametrize("encoder", ENCODERS.values(), ids=list(ENCODERS))
def test_an_error_of_the_database_reaches_the_reader(encoder: Encoder) -> None:
    def source() -> pa.RecordBatchReader:
        yield pa.record_batch({"a": [1]})
        raise ConnectionError

    body = encoder.body(opening((measure("a", "sum"),)), pa.schema({"a": pa.int64()}), source())

    assert next(body)
    with pytest.raises(ConnectionError):
        next(body)


def test_a_scale_that_is_asked_for_as_data_too_is_both() -> None:
    origin = Column(
        name="origin",
        type=DataType.STRING,
        role=Role.SCALE,
        attribute="origin",
        compute="select",
    )
    table = pa.table({"origin": ["JFK"]})

    found = json.loads(encode_table(ENCODERS[Shape.NESTED], (origin,), table))

    assert found["results"] == [
        {
            "scales": {"origin": "JFK"},
            "data": {"origin": {"select": [{"origin": "JFK", "value": "JFK"}]}},
        }
    ]
