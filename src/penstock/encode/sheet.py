"""An answer → a sheet: header rows, then rows under as many columns as the sheet is wide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa

from penstock.encode.batches import narrow, resize
from penstock.encode.pivot import Pivot, find_parts, read_pivot
from penstock.encode.repeats import repeating
from penstock.encode.types import Column, Opening, Role


@dataclass(frozen=True, slots=True)
class HeaderRow:
    """Names over the first columns, then a value over each of the others.

    `repeats` says which values are merged with the one before, if any are.
    """

    names: Sequence[str | None]
    values: pa.Array
    repeats: pa.BooleanArray | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """The first `labels` columns of a pivot say what a row is; other sheets have none.

    The columns `merged` are merged where they repeat, each within those before it.
    """

    header: Sequence[HeaderRow]
    batches: Iterable[pa.RecordBatch]
    labels: int
    merged: Sequence[int]


@contextmanager
def lay_out(
    opening: Opening, schema: pa.Schema, batches: Iterable[pa.RecordBatch]
) -> Iterator[Sheet]:
    """Give the sheet that the layout asks for; of a pivot, all rows are read before.

    Raises LimitError where a pivot is larger than a sheet, or not of the whole answer, QueryError
    where it would show nothing.
    """
    layout = opening.layout
    if layout is None or layout.x is None or layout.y is None:
        names = [column.name for column in opening.columns]
        merged = _mergeable(opening.columns) if layout is not None and layout.collapse else []
        cut = resize(batches, narrow(len(schema)))
        yield Sheet([HeaderRow(names, pa.array([], pa.string()))], cut, 0, merged)
        return
    parts = find_parts(opening, layout.x, layout.y)
    with read_pivot(opening, parts, schema, batches) as pivot:
        labels = parts.y.columns
        merged = _mergeable(labels) if layout.collapse else []
        header = _pivot_header(pivot, collapse=layout.collapse)
        yield Sheet(header, pivot.blocks(), len(labels), merged)


def _mergeable(columns: Sequence[Column]) -> list[int]:
    """Return where the scales are, and their labels."""
    scales = {column.name for column in columns if column.role is Role.SCALE}
    return [i for i, column in enumerate(columns) if {column.name, column.labels} & scales]


def _pivot_header(pivot: Pivot, *, collapse: bool) -> list[HeaderRow]:
    """Return a row for each label of the columns, then the names of row labels and measures."""
    names = [column.name for column in pivot.parts.y.columns]
    measures = [column.name for column in pivot.parts.measures.columns]
    # Without a row there is no group, and the measures are still named.
    groups = range(max(1, pivot.number_of_groups))
    each = pa.array([group for group in groups for _ in measures], pa.int64())
    spread = [
        column.combine_chunks().take(each) if len(column) else pa.nulls(len(each), column.type)
        for column in pivot.group_labels.columns
    ]
    repeats = repeating(spread) if collapse else [None] * len(spread)
    rows = [
        HeaderRow([column.name, *[None] * len(names)][: len(names)], values, repeated)
        for column, values, repeated in zip(pivot.parts.x.columns, spread, repeats, strict=True)
    ]
    last = pa.array([name for _ in groups for name in measures], pa.string())
    return [*rows, HeaderRow(names, last)]
