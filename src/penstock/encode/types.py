"""What every format is given: columns with their meaning, batches, and the facts around them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import pyarrow as pa

from penstock.plan.types import Column, Role, Sort
from penstock.query.types import Layout

__all__ = ["Closing", "Column", "Encoder", "Layout", "Opening", "Role", "Shape", "Sort"]


class Shape(StrEnum):
    NESTED = "nested"
    ROWS = "rows"
    COLUMNS = "columns"
    COMPACT = "compact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is known before the first row. `query_params` is the request's own JSON text.

    Formats that are a sheet show it by the `layout`, in the order of `sorts`. `cut_at` is the
    number of rows at which the answer stops though there may be more: the default limit, or the
    most that the project gives. `warning` is what is doubtful about it, whatever its rows.
    """

    columns: tuple[Column, ...]
    query_params: bytes
    table_name: str
    exact_numbers: bool = False
    layout: Layout | None = None
    sorts: tuple[Sort, ...] = ()
    cut_at: int | None = None
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class TotalRows:
    """One subtotal, whole."""

    name: str
    columns: tuple[Column, ...]
    batches: tuple[pa.RecordBatch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What is known after the last row. `timestamp` and `duration` are in seconds."""

    timestamp: int
    duration: float
    cache: bool = False
    hints: int | None = None
    warning: str | None = None
    totals: tuple[TotalRows, ...] = ()


class Encoder(Protocol):
    """One format. `body` then `tail` are the whole answer; a cached body gets a fresh tail.

    Formats that are a table and nothing else show no totals.
    """

    @property
    def media_type(self) -> str: ...

    @property
    def shows_totals(self) -> bool: ...

    def body(
        self, opening: Opening, schema: pa.Schema, batches: Iterable[pa.RecordBatch], /
    ) -> Iterator[bytes]: ...

    def tail(self, opening: Opening, closing: Closing, /) -> bytes: ...
