"""Columns of labels → a number for each combination that is met, and the order of those."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from penstock.encode.simple import simple
from penstock.encode.text import text_of

Token = int | str | bytes | bool | None
"""A value, as what no other value of its column is equal to."""


class Labels:
    """Numbers the combinations of the columns `keys`, as they come; keeps `shown` of each one."""

    def __init__(self, keys: Sequence[int], shown: Sequence[int], schema: pa.Schema) -> None:
        self._keys = keys
        self._shown = shown
        self._codes: list[dict[Token, int]] = [{} for _ in keys]
        self._numbers: dict[tuple[int, ...], int] = {}
        self._found = [pick(no_rows(schema), shown)]
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def number(self, batch: pa.RecordBatch) -> Sequence[int]:
        """Return the number of each row's combination."""
        columns = [
            _coded(batch.column(key), codes)
            for key, codes in zip(self._keys, self._codes, strict=True)
        ]
        if len(columns) == 1:  # the codes of one column are numbers already
            found, fresh = columns[0], _first_met(columns[0], self._count)
        else:
            found, fresh = self._combined(columns, batch.num_rows)
        self._count += len(fresh)
        if fresh:
            self._found.append(pick(batch, self._shown).take(pa.array(fresh, pa.int64())))
        return found

    def _combined(self, columns: Sequence[list[int]], rows: int) -> tuple[list[int], list[int]]:
        """Return the number of each combination, and the rows where one is met first."""
        numbers = self._numbers
        combinations = zip(*columns, strict=True) if columns else [()] * rows
        found, fresh = [], []
        for row, combination in enumerate(combinations):
            number = numbers.get(combination)
            if number is None:
                number = numbers[combination] = len(numbers)
                fresh.append(row)
            found.append(number)
        return found, fresh

    def sorted(self, descending: Mapping[int, bool] | None) -> tuple[pa.Table, pa.Int64Array]:
        """Return what is shown of each combination in order, and the place of each number in it.

        By the values of the keys, nulls last; as they came where `descending` is None. Nothing is
        numbered any more: what that took is free.
        """
        self._codes.clear()
        self._numbers.clear()
        table = pa.Table.from_batches(self._found).combine_chunks()
        order = pa.array(range(len(self)), pa.int64())
        if descending is not None and self._keys and len(self):
            order = _order(table, [(str(k), descending.get(k, False)) for k in self._keys], order)
        return table.take(order), pc.inverse_permutation(order)


def _order(
    table: pa.Table, keys: Sequence[tuple[str, bool]], otherwise: pa.Int64Array
) -> pa.Int64Array:
    # Nulls come last, either way.
    ways = [(name, "descending" if down else "ascending") for name, down in keys]
    try:
        order = pc.sort_indices(table, sort_keys=ways)
    except (pa.ArrowTypeError, pa.ArrowNotImplementedError):  # values without an order
        return otherwise
    return order.cast(pa.int64())


def pick(batch: pa.RecordBatch, positions: Sequence[int]) -> pa.RecordBatch:
    """Return some columns, named by their positions, in types of which rows can be taken."""
    return pa.RecordBatch.from_arrays(
        [simple(batch.column(i)) for i in positions], names=[str(i) for i in positions]
    )


def no_rows(schema: pa.Schema) -> pa.RecordBatch:
    arrays = [pa.array([], field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _first_met(numbers: Sequence[int], known: int) -> list[int]:
    """Return the rows of the first of each number from `known` on: these come in order."""
    fresh = []
    for row, number in enumerate(numbers):
        if number == known:
            fresh.append(row)
            known += 1
    return fresh


def _coded(array: pa.Array, codes: dict[Token, int]) -> list[int]:
    """Return a number for each value, the same one for the same value of every batch."""
    once = simple(array).dictionary_encode(null_encoding="encode")
    known = [codes.setdefault(token, len(codes)) for token in _tokens(once.dictionary)]
    return [known[index] for index in once.indices.to_pylist()]


def _tokens(values: pa.Array) -> list[Token]:
    """Return a token for each value: what has no text, such as no number, is not null."""
    kind = values.type
    if types.is_floating(kind):
        return [repr(value) for value in values.to_pylist()]
    if types.is_temporal(kind):
        return _tokens(values.view(pa.int32() if kind.bit_width == _SHORT else pa.int64()))
    if types.is_string(kind) or types.is_large_string(kind):
        values = values.cast(pa.large_binary())
    elif types.is_decimal(kind):
        values = text_of(values).values
    return list(values.to_pylist())


_SHORT: Final = 32  # bits
