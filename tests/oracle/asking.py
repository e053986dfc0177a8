"""A query → everything that Penstock answers, as Python values, and the SQL that it ran."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from time import perf_counter
from typing import Final, TypeAlias

import duckdb
import msgspec
import pyarrow as pa

from penstock.answer import AnswerStream
from penstock.encode.formats import find_format
from penstock.encode.types import Opening, Shape
from penstock.local import Project
from penstock.model.types import DataType
from penstock.pipeline import Question, Stages
from penstock.plan.types import Role

Row: TypeAlias = tuple[object, ...]
Rows: TypeAlias = Sequence[Row]


@dataclass(frozen=True, slots=True)
class Answer:
    columns: Sequence[str]
    rows: Rows
    hints: int | None
    totals: Mapping[str, Rows]


def ask(
    project: Project, question: Question, query: Mapping[str, object], *, labels: bool
) -> Answer:
    """Run a question: its rows as the engine gives them, its hints and totals as JSON does."""
    table = project.run(question)
    columns = question.plan.columns
    kept = [i for i, column in enumerate(columns) if labels or column.role is not Role.LABEL]
    whole = [
        _plain(values, whole=column.type is DataType.INTEGER)
        for values, column in zip(table.columns, columns, strict=True)
    ]
    spoken = _as_json(project, question) if {"total", "hints"} & {*query, *_data(query)} else {}
    return Answer(
        columns=[columns[i].name for i in kept],
        rows=list(zip(*(whole[i] for i in kept), strict=True)),
        hints=_number(spoken.get("hints")),
        totals=_totals(spoken.get("total"), labels=labels),
    )


def sql_of(question: Question) -> str:
    return f"{question.rows.text}\n-- with {question.rows.parameters}"


def run_by_hand(connection: duckdb.DuckDBPyConnection, text: str) -> list[Row]:
    """Run SQL on the files. A sum of whole numbers is one, however wide."""
    table = connection.sql(text).to_arrow_reader(10_000).read_all()
    columns = [
        _plain(column, whole=pa.types.is_decimal(column.type) and column.type.scale == 0)
        for column in table.columns
    ]
    return list(zip(*columns, strict=True))


def _plain(column: pa.ChunkedArray, *, whole: bool) -> list[object]:
    """Return Python's values; of whole numbers, those that came as decimals too."""
    values: list[object] = column.to_pylist()
    if whole and pa.types.is_decimal(column.type):
        return [None if value is None else int(str(value)) for value in values]
    return values


def _data(query: Mapping[str, object]) -> Mapping[str, object]:
    data = query.get("data")
    return data if isinstance(data, Mapping) else {}


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _as_json(project: Project, question: Question) -> Mapping[str, object]:
    opening = Opening(
        columns=question.plan.columns,
        query_params=b"{}",
        table_name=question.plan.table,
        exact_numbers=True,
    )
    encoder = find_format("json").encoder(Shape.COMPACT)
    stream = AnswerStream(project.pipeline, question, encoder, opening, Stages(), perf_counter())
    return msgspec.json.decode(b"".join(stream), type=dict[str, object])


class _Described(msgspec.Struct):
    name: str
    type: DataType
    role: Role


class _Total(msgspec.Struct):
    columns: tuple[_Described, ...]
    rows: list[list[object]]


def _totals(raw: object, *, labels: bool) -> Mapping[str, Rows]:
    found = msgspec.convert(raw or {}, dict[str, _Total])
    return {name: _total(total, labels=labels) for name, total in found.items()}


def _total(total: _Total, *, labels: bool) -> Rows:
    kept = [i for i, c in enumerate(total.columns) if labels or c.role is not Role.LABEL]
    return [tuple(_read(row[i], total.columns[i].type) for i in kept) for row in total.rows]


_READERS: Final[Mapping[DataType, Callable[[str], object]]] = {
    DataType.INTEGER: int,
    DataType.DECIMAL: Decimal,
    DataType.DATE: date.fromisoformat,
    DataType.TIME: time.fromisoformat,
    DataType.TIMESTAMP: datetime.fromisoformat,
    DataType.TIMESTAMP_TZ: datetime.fromisoformat,
}


def _read(value: object, type_: DataType) -> object:
    """Return what JSON says of a value of this type: exact numbers are text."""
    if type_ is DataType.FLOAT and isinstance(value, int):
        return float(value)
    reader = _READERS.get(type_)
    return reader(value) if reader is not None and isinstance(value, str) else value
