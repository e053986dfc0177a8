"""Columns of labels → where each one repeats the label before it."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from penstock.encode.simple import simple

_NO = pa.array([False])[0]


class Repeats:
    """Compares the rows of one batch after the other."""

    def __init__(self, positions: Sequence[int]) -> None:
        self._positions = positions
        self._before: list[pa.Array] = []

    def find(self, batch: pa.RecordBatch) -> dict[int, pa.BooleanArray]:
        """Return, for each of the columns, the rows where it and those before it are as above."""
        columns = [simple(batch.column(position)) for position in self._positions]
        found = repeating(columns, self._before)
        if batch.num_rows:
            self._before = [column.slice(len(column) - 1) for column in columns]
        return dict(zip(self._positions, found, strict=True))


def repeating(columns: Sequence[pa.Array], before: Sequence[pa.Array] = ()) -> list[pa.Array]:
    """Return where each column's value is that of the row before, and all columns' before it too.

    `before` is the row before the first, one value for each column.
    """
    found: list[pa.BooleanArray] = []
    for i, column in enumerate(columns):
        same = _same(column, before[i] if before else None)
        found.append(pc.and_(same, found[-1]) if found else same)
    return found


def _same(values: pa.Array, before: pa.Array | None) -> pa.BooleanArray:
    first = pa.nulls(1, values.type) if before is None else before
    above = pa.concat_arrays([first, values.slice(0, max(0, len(values) - 1))])[: len(values)]
    both_null = pc.and_(values.is_null(), above.is_null())
    same = pc.or_(pc.equal(values, above).fill_null(_NO), both_null)
    if before is not None or len(values) == 0:
        return same
    return pa.concat_arrays([pa.array([_NO]), same.slice(1)])


def without(batch: pa.RecordBatch, repeats: dict[int, pa.BooleanArray]) -> pa.RecordBatch:
    """Return the batch with nulls where a label repeats."""
    arrays = [
        array if i not in repeats else blanked(simple(array), repeats[i])
        for i, array in enumerate(batch.columns)
    ]
    return pa.RecordBatch.from_arrays(arrays, names=[str(i) for i in range(len(arrays))])


def blanked(values: pa.Array, repeats: pa.BooleanArray) -> pa.Array:
    """Return the values with nulls where they repeat."""
    return pc.if_else(repeats, pa.scalar(None, values.type), values)
