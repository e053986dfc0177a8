"""Grouped rows → a table with columns for each combination of the scales that are spread.

The rows are read once, into a temporary file; what is held in memory is each label once, and some
bytes for each row.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import NamedTemporaryFile
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from penstock.encode.labels import Labels, no_rows, pick
from penstock.encode.types import Column, Opening, Role
from penstock.errors import EngineError, LimitError, QueryError

COLUMNS: Final = 16_384
"""No spreadsheet has more."""

_CELLS: Final = 20_000_000
_ROWS: Final = 1_000_000
_BLOCK: Final = 1 << 20  # cells, empty ones too
_FEWEST: Final = 256  # rows: below, what each column costs by itself outweighs its values
_MOST: Final = 1024
_X: Final = "/options/scales/x"
_Y: Final = "/options/scales/y"


@dataclass(frozen=True, slots=True)
class Axis:
    """The columns of one axis, each scale with its label, and where in the answer they are."""

    columns: Sequence[Column]
    positions: Sequence[int]

    @property
    def keys(self) -> list[int]:
        """Where the scales are, without their labels."""
        both = zip(self.columns, self.positions, strict=True)
        return [position for column, position in both if column.role is Role.SCALE]


@dataclass(frozen=True, slots=True)
class Parts:
    """The columns of an answer as a pivot uses them."""

    x: Axis
    y: Axis
    measures: Axis

    def width(self, groups: int) -> int:
        return len(self.y.columns) + groups * len(self.measures.columns)


@dataclass(frozen=True, slots=True)
class Pivot:
    """The labels of the rows and of the groups of columns, in the order of the sheet; the cells.

    The entries of row `r` are those from `starts[r]` to `starts[r + 1]`: `rows` and `groups` say
    where each belongs, and `order` which of the measures it has, None where that is its own.
    """

    parts: Parts
    row_labels: pa.Table
    group_labels: pa.Table
    number_of_groups: int
    starts: pa.Int64Array
    rows: pa.Array
    groups: pa.Array
    order: pa.Array | None
    measures: pa.Table

    def blocks(self) -> Iterator[pa.RecordBatch]:
        """Give the rows of the sheet: their labels, then the measures of each group of columns."""
        width = max(1, self.parts.width(self.number_of_groups))
        size = max(_FEWEST, min(_MOST, _BLOCK // width))
        for first in range(0, len(self.starts) - 1, size):
            yield self._block(first, min(size, len(self.starts) - 1 - first))

    def _block(self, first: int, size: int) -> pa.RecordBatch:
        start, end = (self.starts[at].as_py() for at in (first, first + size))
        rows = pc.subtract(self.rows.slice(start, end - start), pa.scalar(first, pa.int64()))
        groups = self.groups.slice(start, end - start)
        places = pc.add(pc.multiply(groups, pa.scalar(size, pa.int64())), rows)
        if pc.count_distinct(places).as_py() != len(places):
            raise EngineError("The database gave two groups with the same labels.")
        if self.order is None:
            measures = self.measures.slice(start, end - start)
        else:
            measures = self.measures.take(self.order.slice(start, end - start))
        most = size * self.number_of_groups - 1
        dense = [
            pc.scatter(column.combine_chunks(), places, max_index=most)
            for column in measures.columns
        ]
        labels = [column.combine_chunks() for column in self.row_labels.slice(first, size).columns]
        cells = [
            column.slice(group * size, size)
            for group in range(self.number_of_groups)
            for column in dense
        ]
        arrays = [*labels, *cells]
        return pa.RecordBatch.from_arrays(arrays, names=[str(i) for i in range(len(arrays))])


def find_parts(opening: Opening, x: Sequence[str], y: Sequence[str]) -> Parts:
    """Return what each column is in the pivot. Raises QueryError where there is nothing to show."""
    columns = opening.columns
    measures = [i for i, column in enumerate(columns) if column.role is Role.MEASURE]
    if not measures:
        raise QueryError(
            "A pivot shows measures, and the query has scales only.",
            hint='Add one, such as {"flight": ["count"]}.',
            pointer="/data/fields",
        )
    shown = Axis([columns[i] for i in measures], measures)
    return Parts(_axis(columns, x), _axis(columns, y), shown)


def _axis(columns: Sequence[Column], names: Sequence[str]) -> Axis:
    found = [
        i
        for name in names
        for i, column in enumerate(columns)
        if (column.role is Role.SCALE and column.name == name)
        or (column.role is Role.LABEL and column.labels == name)
    ]
    return Axis([columns[i] for i in found], found)


@contextmanager
def read_pivot(
    opening: Opening, parts: Parts, schema: pa.Schema, batches: Iterable[pa.RecordBatch]
) -> Iterator[Pivot]:
    """Read all rows. Raises LimitError where they are cut off, or too many for a sheet."""
    rows = Labels(parts.y.keys, parts.y.positions, schema)
    groups = Labels(parts.x.keys, parts.x.positions, schema)
    row_numbers, group_numbers = array("q"), array("q")
    with NamedTemporaryFile() as file:
        # Arrow's writer does not close what it opened itself when nobody wants the rest.
        with (
            pa.OSFile(file.name, "wb") as raw,
            pa.ipc.new_file(raw, pick(no_rows(schema), parts.measures.positions).schema) as sink,
        ):
            for batch in batches:
                row_numbers.extend(rows.number(batch))
                group_numbers.extend(groups.number(batch))
                _refuse_too_large(parts, len(rows), len(groups))
                sink.write(pick(batch, parts.measures.positions))
        _refuse_cut_off(opening, len(row_numbers))
        with pa.memory_map(file.name) as source:
            measures = pa.ipc.open_file(source).read_all()
            row_labels, row_places = rows.sorted(_ways(opening, parts.y))
            group_labels, group_places = groups.sorted(_descending(opening, parts.x))
            placed = row_places.take(_int64(row_numbers))
            order = None if _is_in_order(placed) else pc.sort_indices(placed)
            in_groups = group_places.take(_int64(group_numbers))
            yield Pivot(
                parts=parts,
                row_labels=row_labels,
                group_labels=group_labels,
                number_of_groups=len(groups),
                starts=_starts(placed, len(rows)),
                rows=placed if order is None else placed.take(order),
                groups=in_groups if order is None else in_groups.take(order),
                order=order,
                measures=measures,
            )


def _refuse_too_large(parts: Parts, rows: int, groups: int) -> None:
    width = parts.width(groups)
    if width > COLUMNS:
        raise LimitError(
            f"The pivot has more than the {COLUMNS} columns of a sheet.",
            hint="Spread fewer scales, or filter them: each of their combinations is columns.",
            pointer=_X,
        )
    if rows > _ROWS:
        raise LimitError(
            f"The pivot has more than {_ROWS} rows.",
            hint="Keep fewer scales in the rows, or filter them, or ask for a list: it has no end.",
            pointer=_Y,
        )
    if rows * width > _CELLS:
        raise LimitError(
            f"The pivot has more than {_CELLS} cells, empty ones counted.",
            hint="Spread fewer scales, or filter them.",
            pointer=_X,
        )


def _refuse_cut_off(opening: Opening, rows: int) -> None:
    if opening.cut_at is not None and rows >= opening.cut_at:
        raise LimitError(
            f"The answer stops at {rows} rows, so cells would be missing.",
            hint="Ask for fewer rows: filter them, or leave a scale out. A 'limit' may be larger"
            " than the default one, up to the project's max_rows.",
            pointer="/data/limit",
        )


def _ways(opening: Opening, axis: Axis) -> dict[int, bool] | None:
    """Return which keys descend, None where the answer is ordered by what is no scale."""
    scales = {column.name for column in opening.columns if column.role is Role.SCALE}
    if opening.sorts and opening.sorts[0].name not in scales:
        return None
    return _descending(opening, axis)


def _descending(opening: Opening, axis: Axis) -> dict[int, bool]:
    ways = {sort.name: sort.descending for sort in opening.sorts}
    both = zip(axis.columns, axis.positions, strict=True)
    return {position: ways.get(column.name, False) for column, position in both}


def _int64(numbers: array[int]) -> pa.Int64Array:
    return pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(numbers)])


def _is_in_order(places: pa.Int64Array) -> bool:
    return pc.all(pc.less_equal(places[:-1], places[1:])).as_py() is not False


def _starts(placed: pa.Int64Array, rows: int) -> pa.Int64Array:
    """Return where the entries of each row begin; after the last, where they end."""
    places, counts = pc.value_counts(placed).flatten()
    each = pc.scatter(counts, places, max_index=rows - 1) if rows else counts
    return pa.concat_arrays([pa.array([0], pa.int64()), pc.cumulative_sum(each)])
