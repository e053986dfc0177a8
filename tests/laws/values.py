"""What stands in a cell: few values of each type, so that groups collide; nulls; odd days."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, TypeAlias

import pyarrow as pa
from hypothesis import strategies as st

from penstock.model.types import DataType
from penstock.query.types import Json

Cell: TypeAlias = "bool | int | float | str | date | Decimal | None"
Record: TypeAlias = Mapping[str, Cell]
Cells: TypeAlias = st.SearchStrategy[Cell]

TEXTS: Final = ("", "a", "A", "ab", "b%", "é")
DAYS: Final = tuple(
    date.fromisoformat(text)
    for text in (
        "2012-02-29",
        "2013-01-31",
        "2013-02-28",
        "2012-01-31",
        "2013-02-21",
        "2012-12-31",
        "2013-03-31",
    )
)
"""Many are a week, a month or a year apart, or would be if months were equally long."""

MOMENTS: Final = tuple(
    datetime.fromisoformat(text)
    for text in (
        "2012-02-29T12:30:15",
        "2013-02-28T12:30:15",
        "2013-01-31T12:30:15",
        "2013-01-31T12:30:45",
        "2013-01-31T00:00:00",
        "2012-12-31T23:59:59",
    )
)

CELLS: Final[Mapping[DataType, Cells]] = {
    DataType.BOOLEAN: st.sampled_from([True, False, None]),
    DataType.INTEGER: st.sampled_from([1, 2, 0, 7, -3, None]),
    DataType.DECIMAL: st.sampled_from([*map(Decimal, ("0.10", "0.20", "-1.50", "2.00")), None]),
    DataType.STRING: st.sampled_from([*TEXTS, None]),
    DataType.DATE: st.sampled_from([*DAYS, None]),
    DataType.TIMESTAMP: st.sampled_from([*MOMENTS, None]),
}
"""The types of columns. Formulas are floats too."""

ARROW: Final = {
    DataType.BOOLEAN: pa.bool_(),
    DataType.INTEGER: pa.int32(),
    DataType.DECIMAL: pa.decimal128(12, 2),
    DataType.STRING: pa.string(),
    DataType.DATE: pa.date32(),
    DataType.TIMESTAMP: pa.timestamp("us"),
}

_EPOCH: Final = datetime.fromisoformat("1970-01-01")


def _seconds(moment: datetime) -> int:
    return int((moment - _EPOCH).total_seconds())


_day_values: st.SearchStrategy[Json] = st.sampled_from(DAYS).map(str) | st.sampled_from(DAYS).map(
    lambda day: _seconds(datetime.fromisoformat(str(day)))
)

VALUES: Final[Mapping[DataType, st.SearchStrategy[Json]]] = {
    DataType.BOOLEAN: st.booleans() | st.sampled_from(["true", "false"]),
    DataType.INTEGER: st.sampled_from([-3, 0, 1, 2, 3, "2", 7.0]),
    DataType.FLOAT: st.sampled_from([-1.5, 0, 0.5, 1, 2]),
    DataType.DECIMAL: st.sampled_from(["0.10", 0.2, "0.105", -1.5, 2]),
    DataType.STRING: st.sampled_from(TEXTS),
    DataType.DATE: _day_values,
    DataType.TIMESTAMP: st.sampled_from(MOMENTS).map(datetime.isoformat)
    | st.sampled_from(MOMENTS).map(_seconds)
    | st.sampled_from(DAYS).map(str),
}
"""What a filter compares with, in JSON."""


def read_value(raw: Json, type_: DataType) -> Cell:
    """Return a value of a filter as a cell of the attribute's type."""
    return _READ[type_](raw)


def _moment(raw: Json) -> datetime:
    if isinstance(raw, int):
        return _EPOCH + timedelta(seconds=raw)
    return datetime.fromisoformat(str(raw))


_READ: Final[Mapping[DataType, Callable[[Json], Cell]]] = {
    DataType.BOOLEAN: lambda raw: str(raw).lower() == "true",
    DataType.INTEGER: lambda raw: int(str(raw).removesuffix(".0")),
    DataType.FLOAT: lambda raw: float(str(raw)),
    DataType.DECIMAL: lambda raw: Decimal(str(raw)),
    DataType.STRING: str,
    DataType.DATE: lambda raw: _moment(raw).date(),
    DataType.TIMESTAMP: _moment,
}

PERIODS: Final[Mapping[str, tuple[date, date]]] = {
    "2012": (date(2012, 1, 1), date(2013, 1, 1)),
    "2013-Q1": (date(2013, 1, 1), date(2013, 4, 1)),
    "2012-S1": (date(2012, 1, 1), date(2012, 7, 1)),
    "2012-02": (date(2012, 2, 1), date(2012, 3, 1)),
    "2013-W05": (date(2013, 1, 28), date(2013, 2, 4)),
    "2013-W01": (date(2012, 12, 31), date(2013, 1, 7)),
    "2012-02-29": (date(2012, 2, 29), date(2012, 3, 1)),
    "this year": (date(2013, 1, 1), date(2014, 1, 1)),
    "previous semester": (date(2013, 1, 1), date(2013, 7, 1)),
    "last 2 years": (date(2012, 1, 1), date(2014, 1, 1)),
    "last 11 months": (date(2013, 2, 1), date(2014, 1, 1)),
    "last 308 days": (date(2013, 2, 27), date(2014, 1, 1)),
}
"""The first day, and the first day after, as of NOW in support.ask: 31 December 2013."""
