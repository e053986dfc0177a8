"""Answers to encode: random ones, and what a reader must find in them."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import pairwise

import pyarrow as pa
from hypothesis import strategies as st

from penstock.encode.types import Closing, Column, Encoder, Opening, Role
from penstock.model.types import DataType

CLOSING = Closing(timestamp=1764633600, duration=0.011, hints=32)

Value = object


@dataclass(frozen=True)
class Sample:
    """A type as engines give it. `printed` is its text, None where that is a number."""

    type: DataType
    arrow: pa.DataType
    values: st.SearchStrategy[Value]
    printed: Callable[[Value], str] | None = None


def print_moment(value: Value) -> str:
    assert isinstance(value, datetime | time | date)
    text = value.isoformat().removesuffix("+00:00")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{text}Z" if isinstance(value, datetime) and value.tzinfo else text


def print_bytes(value: Value) -> str:
    assert isinstance(value, bytes)
    return b64encode(value).decode()


def decimals(precision: int, scale: int) -> st.SearchStrategy[Decimal]:
    largest = 10**precision - 1
    return st.integers(-largest, largest).map(lambda n: Decimal(n).scaleb(-scale))


# Every character there is, those that some format has to escape more often.
CHARACTERS = (
    st.sampled_from("\"\\/\x00\n\r\t\x1f\x7f\u2028😀=+-@,;' u")
    | st.integers(0x20, 0xD7FF).map(chr)
    | st.integers(0xE000, 0x10FFFF).map(chr)
)
AWKWARD = st.sampled_from(["\\u0041", "\r\n", "=1+1", "", "null", "[]", "1"])
TEXT = st.text(CHARACTERS, max_size=8) | AWKWARD
SAMPLES = (
    Sample(DataType.INTEGER, pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    Sample(DataType.INTEGER, pa.int8(), st.integers(-128, 127)),
    Sample(DataType.INTEGER, pa.uint64(), st.integers(0, 2**64 - 1)),
    Sample(DataType.INTEGER, pa.decimal128(38, 0), decimals(37, 0)),
    Sample(DataType.FLOAT, pa.float64(), st.floats() | st.just(-0.0)),
    Sample(DataType.FLOAT, pa.float32(), st.floats(width=32)),
    Sample(DataType.DECIMAL, pa.decimal128(18, 2), decimals(18, 2)),
    Sample(DataType.DECIMAL, pa.decimal128(38, 10), decimals(37, 10) | st.just(Decimal("0E-10"))),
    Sample(DataType.DECIMAL, pa.decimal64(9, 9), decimals(9, 9)),
    Sample(DataType.DECIMAL, pa.decimal256(60, 20), decimals(28, 20)),
    Sample(DataType.BOOLEAN, pa.bool_(), st.booleans()),
    Sample(DataType.STRING, pa.string(), TEXT, str),
    Sample(DataType.STRING, pa.large_string(), TEXT, str),
    Sample(DataType.STRING, pa.string_view(), TEXT, str),
    Sample(DataType.STRING, pa.dictionary(pa.int32(), pa.string()), TEXT, str),
    Sample(DataType.DATE, pa.date32(), st.dates(), print_moment),
    Sample(DataType.TIMESTAMP, pa.timestamp("us"), st.datetimes(), print_moment),
    Sample(
        DataType.TIMESTAMP,
        pa.timestamp("s"),
        st.datetimes().map(lambda d: d.replace(microsecond=0)),
        print_moment,
    ),
    Sample(
        DataType.TIMESTAMP_TZ,
        pa.timestamp("us", "Europe/Paris"),
        st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 the strategy adds the zone
        print_moment,
    ),
    Sample(DataType.TIME, pa.time64("us"), st.times(), print_moment),
    Sample(DataType.BYTES, pa.binary(), st.binary(max_size=5), print_bytes),
)


@dataclass(frozen=True)
class Answer:
    """`cuts` are the rows at which one batch ends and the next begins."""

    samples: tuple[Sample, ...]
    rows: list[tuple[Value, ...]]
    cuts: tuple[int, ...] = ()

    @property
    def columns(self) -> tuple[Column, ...]:
        return tuple(
            Column(name=f"c{i}", type=s.type, role=Role.MEASURE, attribute=f"a{i}", compute="sum")
            for i, s in enumerate(self.samples)
        )

    @property
    def batch(self) -> pa.RecordBatch:
        arrays = [
            pa.array([row[i] for row in self.rows], sample.arrow)
            for i, sample in enumerate(self.samples)
        ]
        return pa.RecordBatch.from_arrays(arrays, names=[f"q{i}" for i in range(len(arrays))])

    @property
    def batches(self) -> list[pa.RecordBatch]:
        edges = [0, *self.cuts, len(self.rows)]
        return [self.batch.slice(a, b - a) for a, b in pairwise(edges)]


@st.composite
def answers(draw: st.DrawFn, samples: Sequence[Sample] = SAMPLES) -> Answer:
    chosen = tuple(draw(st.lists(st.sampled_from(samples), min_size=1, max_size=4)))
    rows = draw(st.lists(st.tuples(*(st.none() | s.values for s in chosen)), max_size=12))
    cuts = draw(st.lists(st.integers(0, len(rows)), max_size=4))
    return Answer(chosen, rows, tuple(sorted(cuts)))


def opening(columns: tuple[Column, ...], *, exact: bool = False) -> Opening:
    return Opening(
        columns=columns,
        query_params=b'{"data": {"fields": {}}}',
        table_name="flights",
        exact_numbers=exact,
    )


def encode(encoder: Encoder, answer: Answer, *, exact: bool = False) -> bytes:
    start = opening(answer.columns, exact=exact)
    body = encoder.body(start, answer.batch.schema, answer.batches)
    return b"".join(body) + encoder.tail(start, CLOSING)


def encode_table(
    encoder: Encoder, columns: tuple[Column, ...], table: pa.Table, *, exact: bool = False
) -> bytes:
    start = opening(columns, exact=exact)
    body = encoder.body(start, table.schema, table.to_batches())
    return b"".join(body) + encoder.tail(start, CLOSING)


def encode_column(
    encoder: Encoder, array: pa.Array, kind: DataType, *, exact: bool = False
) -> bytes:
    column = Column(name="it", type=kind, role=Role.MEASURE, attribute="it", compute="select")
    return encode_table(encoder, (column,), pa.table({"it": array}), exact=exact)


def same(sample: Sample, found: Value, value: Value) -> bool:
    """Whether JSON, read by the standard library with exact decimals, is the value."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return found is None
    if sample.printed:
        return found == sample.printed(value)
    if isinstance(value, float):
        return isinstance(found, Decimal | int) and _as(sample, found) == value
    return found == value and isinstance(found, bool) == isinstance(value, bool)


def _as(sample: Sample, found: Decimal | int) -> float:
    return float(pa.scalar(float(found), sample.arrow).as_py())
