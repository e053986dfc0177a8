"""Rows of totals, and behind them those of a page, as one statement gives them → each by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

import pyarrow as pa
from pyarrow import compute

from penstock.encode.types import TotalRows
from penstock.pipeline import InOne
from penstock.plan.types import Plan

_PAGE: Final = 0


def page_schema(schema: pa.Schema) -> pa.Schema:
    """Return the schema without the last column, which says whose a row is."""
    return schema.remove(len(schema) - 1)


@dataclass(slots=True)
class Apart:
    """Reads once: the totals are kept, the page is handed on as it comes and no further."""

    plan: Plan
    together: InOne
    _kept: dict[int, list[pa.RecordBatch]] = field(default_factory=dict)

    def page(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch] | None:
        """Read the totals, and return the page, its end not cut off yet.

        None where there are more totals than the statement has room for, so that they, or the
        page, may not be whole.
        """
        runs, room = _runs(batches), self.together.room
        for number, rows in runs:
            if number == _PAGE:
                return chain((rows,), (rows for _, rows in runs))
            self._kept.setdefault(number, []).append(rows)
            room -= rows.num_rows
            if room < 0:
                return None
        return iter(())

    def totals(self) -> tuple[TotalRows, ...]:
        return tuple(
            TotalRows(
                total.name,
                total.plan.columns,
                tuple(rows.select(own.columns) for rows in self._kept.get(own.number, ())),
            )
            for total, own in zip(self.plan.totals, self.together.totals, strict=True)
        )


def cut_off(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """Give the first rows, and read no more than these need."""
    for batch in batches:
        if rows:
            yield batch.slice(0, rows)
        rows -= min(rows, batch.num_rows)
        if not rows:
            return


def _runs(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Cut batches where the last column changes, and leave it out."""
    for batch in batches:
        last = batch.num_columns - 1
        rows, start = batch.select(range(last)), 0
        runs = compute.run_end_encode(batch.column(last))
        ends, numbers = runs.run_ends.to_pylist(), runs.values.to_pylist()
        for number, end in zip(numbers, ends, strict=True):
            yield number, rows.slice(start, end - start)
            start = end
