"""Columns of labels → a number for each combination that is met, and the order of those."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from penstock.encode.text import plain, text_of


class Labels:
    """Numbers the combinations of the columns `keys`, as they come; keeps `shown` of each one."""

    def __init__(self, keys: Sequence[int], shown: Sequence[int], schema: pa.Schema) -> None:
        self._keys = keys
        self._shown = shown
        self._codes: list[dict[str, int]] = [{} for _ in keys]
        self._numbers: dict[tuple[int, ...], int] = {}
        self._found = [pick(no_rows(schema), shown)]

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, batch: pa.RecordBatch) -> Iterable[int]:
        """Return the number of each row's combination."""
        numbers = self._numbers
        columns = [
            _coded(batch.column(key), codes)
            for key, codes in zip(self._keys, self._codes, strict=True)
        ]
        combinations = zip(*columns, strict=True) if columns else [()] * batch.num_rows
        found, fresh = [], []
        for row, combination in enumerate(combinations):
            number = numbers.get(combination)
            if number is None:
                number = numbers[combination] = len(numbers)
                fresh.append(row)
            found.append(number)
        if fresh:
            self._found.append(pick(batch, self._shown).take(pa.array(fresh, pa.int64())))
        return found

    def sorted(self, descending: Mapping[int, bool] | None) -> tuple[pa.Table, pa.Int64Array]:
        """Return what is shown of each combination in order, and the place of each number in it.

        By the values of the keys, nulls last; as they came where `descending` is None.
        """
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
        [_takeable(batch.column(i)) for i in positions], names=[str(i) for i in positions]
    )


def no_rows(schema: pa.Schema) -> pa.RecordBatch:
    arrays = [pa.array([], field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _takeable(array: pa.Array) -> pa.Array:
    array = plain(array)
    if types.is_string_view(array.type):
        return array.cast(pa.string())
    return array.cast(pa.binary()) if types.is_binary_view(array.type) else array


def _coded(array: pa.Array, codes: dict[str, int]) -> list[int]:
    """Return a number for each value, the same one for the same value of every batch."""
    once = _takeable(array).dictionary_encode(null_encoding="encode")
    known = [codes.setdefault(token, len(codes)) for token in _tokens(once.dictionary)]
    return [known[index] for index in once.indices.to_pylist()]


def _tokens(values: pa.Array) -> list[str]:
    """Return a text for each value that no other value has: what is no number is not null."""
    if types.is_floating(values.type):
        return [repr(value) for value in values.to_pylist()]
    return [repr(value) for value in text_of(values).values.to_pylist()]
