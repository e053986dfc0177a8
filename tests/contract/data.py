"""The tables that every engine under contract is asked about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from contract.types import Sample
from penstock.model.types import DataType


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


_COLUMNS: Final[dict[str, tuple[DataType, Sequence[object]]]] = {
    "id": (DataType.INTEGER, [1, 2, 3, 4, 5, 6]),
    "whole": (DataType.INTEGER, [30000, -7, 7, 0, None, 7]),
    "big": (DataType.INTEGER, [2**62, -(2**62), 2**53 + 1, 0, None, 1]),
    "ratio": (DataType.FLOAT, [0.5, -1.25, 3.0, 1e-9, None, 1234.5]),
    "price": (
        DataType.DECIMAL,
        [*map(Decimal, ("19.99", "0.01", "5", "-7.25")), None, Decimal("0.1")],
    ),
    "exact": (
        DataType.DECIMAL,
        [
            Decimal("99999999999999.9999"),
            Decimal("-99999999999999.9998"),
            Decimal("0.0001"),
            Decimal(0),
            None,
            Decimal("0.1"),
        ],
    ),
    "name": (DataType.STRING, ["a%b", "A_b", "", "É'\"\\;--", None, "straße 日本 \U0001f600"]),
    "kind": (DataType.STRING, ["x", "x", "y", "y", "y", "z"]),
    "ok": (DataType.BOOLEAN, [True, False, True, False, None, True]),
    "day": (
        DataType.DATE,
        [
            dt.date(2013, 1, 31),
            dt.date(2012, 2, 29),
            dt.date(2013, 12, 30),
            dt.date(1969, 7, 20),
            None,
            dt.date(2024, 7, 1),
        ],
    ),
    "at": (
        DataType.TIMESTAMP,
        [
            at("2013-01-31 23:59:59.999999"),
            at("2012-02-29"),
            at("2013-12-30 12:30:15"),
            at("1969-07-20 20:17:40.500000"),
            None,
            at("2024-07-01"),
        ],
    ),
    "at_tz": (
        DataType.TIMESTAMP_TZ,
        [
            at("2013-01-31 23:59:59.999999Z"),
            at("2012-02-29T00:00Z"),
            at("2013-12-30 12:30:15Z"),
            at("1969-07-20 20:17:40.500000Z"),
            None,
            at("2024-07-01T00:00Z"),
        ],
    ),
    "clock": (
        DataType.TIME,
        [
            dt.time(10),
            dt.time(23, 59, 59),
            dt.time(0),
            dt.time(1, 2, 3, 456789),
            None,
            dt.time(12, 30),
        ],
    ),
    "raw": (DataType.BYTES, [b"ab", b"", b"\x00\xff\x80", b"'", None, b"\\x41"]),
    "doc": (DataType.JSON, ['{"a": 1}', "[]", "null", '"é"', None, "{}"]),
}

THINGS: Final = Sample(
    name="things",
    columns={name: type_ for name, (type_, _) in _COLUMNS.items()},
    rows=tuple(zip(*(values for _, values in _COLUMNS.values()), strict=True)),
)
"""A row of every type, with what is odd about each; one of nulls. `id` has no null."""

HOSTILE: Final = Sample(
    name="we\"ird; -- `table'",
    columns={'sel"ect': DataType.INTEGER, "a`b'; DROP": DataType.STRING, "ü []": DataType.FLOAT},
    rows=((1, "x", 0.5), (2, None, None)),
)

OWNERS: Final = Sample(
    name="owners",
    columns={"country": DataType.STRING, "number": DataType.INTEGER, "name": DataType.STRING},
    rows=(("FR", 1, "ada"), ("DE", 1, "bob")),
    primary_key=("country", "number"),
)

PETS: Final = Sample(
    name="pets",
    columns={
        "pet": DataType.INTEGER,
        "owner_country": DataType.STRING,
        "owner_number": DataType.INTEGER,
    },
    rows=((1, "FR", 1), (2, "DE", 1), (3, "FR", 1), (4, None, None)),
    primary_key=("pet",),
    foreign_keys={("owner_country", "owner_number"): ("owners", ("country", "number"))},
)

EMPTY: Final = Sample(
    name="nothing",
    columns={"id": DataType.INTEGER, "price": DataType.DECIMAL, "day": DataType.DATE},
    rows=(),
)

SAMPLES: Final = (THINGS, HOSTILE, OWNERS, PETS, EMPTY)
"""In the order in which keys allow them to be created."""
