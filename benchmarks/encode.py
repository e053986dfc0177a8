"""How long encoding alone takes, per format and shape: `python -m benchmarks.encode [BATCH_ROWS]`.

100,000 rows of three integers, two floats, a date and two strings. The time is what the processor
spent, the median of the runs: on a shared machine the clock on the wall tells of its neighbours.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from statistics import median
from time import process_time

import pyarrow as pa

from benchmarks.report import Table, show
from penstock.encode.formats import DEFAULT, FORMATS
from penstock.encode.types import Closing, Column, Encoder, Opening, Role, Shape
from penstock.model.types import DataType

ROWS = 100_000
RUNS = 11
CLOSING = Closing(timestamp=0, duration=0.0)


def make_table(rows: int) -> pa.Table:
    random = Random(1)  # noqa: S311 the same rows each time, no secret
    days = [date(2013, 1, 1) + timedelta(days=n) for n in range(365)]

    def many(values: Sequence[object]) -> list[object]:
        return random.choices(values, k=rows)

    return pa.table(
        {
            "flight": pa.array(many(range(10_000)), pa.int64()),
            "distance": pa.array(many(range(5_000)), pa.int32()),
            "seats": pa.array(many([None, *range(0, 10**9, 10_007)]), pa.int64()),
            "dep_delay": pa.array(many([None, *map(float, range(-20, 1300))]), pa.float64()),
            "speed": pa.array([random.uniform(0, 100) for _ in range(rows)], pa.float64()),
            "flight_date": pa.array(many(days), pa.date32()),
            "carrier": pa.array(many(["UA", "DL", "AA", "B6", "EV"]), pa.string()),
            "tailnum": pa.array(many([f"N{n:05}" for n in range(4000)]), pa.string()),
        }
    )


TYPES = (
    *[DataType.INTEGER] * 3,
    *[DataType.FLOAT] * 2,
    DataType.DATE,
    *[DataType.STRING] * 2,
)


def describe(table: pa.Table, *, grouped: bool) -> tuple[Column, ...]:
    """Return the columns of a listing, or of sums by date, carrier and tail number."""
    return tuple(
        Column(name=name, type=kind, role=Role.SCALE, attribute=name)
        if grouped and not kind.is_number
        else Column(
            name=name,
            type=kind,
            role=Role.MEASURE,
            attribute=name,
            compute="sum" if grouped else "select",
        )
        for name, kind in zip(table.column_names, TYPES, strict=True)
    )


def measure(
    encoder: Encoder, columns: tuple[Column, ...], batches: list[pa.RecordBatch]
) -> tuple[str, str, str, str]:
    opening = Opening(columns=columns, query_params=b"{}", table_name="flights")
    whole, first, size, chunks = [], [], 0, 0
    for _ in range(RUNS):
        began = process_time()
        size, chunks = 0, 0
        for chunk in encoder.body(opening, batches[0].schema, iter(batches)):
            if chunks == 0:
                first.append(process_time() - began)
            size += len(chunk)
            chunks += 1
        encoder.tail(opening, CLOSING)
        whole.append(process_time() - began)
    return (
        f"{median(whole) * 1e3:.1f} ms",
        f"{median(first) * 1e3:.1f} ms",
        f"{size / 1e6:.1f} MB",
        str(chunks),
    )


def main() -> None:
    batch_rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    table = make_table(ROWS)
    batches = table.to_batches(max_chunksize=batch_rows)
    listing, grouped = (describe(table, grouped=g) for g in (False, True))
    cases: list[tuple[str, Encoder, tuple[Column, ...]]] = [
        ("json nested, a listing", DEFAULT.encoder(), listing),
        ("json nested, 5 measures by 3 scales", DEFAULT.encoder(), grouped),
    ]
    cases += [
        (f"json {shape.value}", DEFAULT.encoder(shape), listing)
        for shape in Shape
        if shape is not Shape.NESTED
    ]
    cases += [(form.name, form.encoder(), listing) for form in FORMATS[1:]]
    rows = [(name, *measure(encoder, columns, batches)) for name, encoder, columns in cases]
    show(Table(f"{ROWS:,} rows", ("format", "processor", "first chunk", "size", "chunks"), rows))


if __name__ == "__main__":
    main()
