from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from penstock.encode.batches import Size, narrow, resize


def numbers(first: int, last: int) -> pa.RecordBatch:
    return pa.record_batch({"n": pa.array(range(first, last))})


@given(lengths=st.lists(st.integers(0, 40), max_size=12), rows=st.integers(1, 20))
def test_no_row_is_lost_or_moved_and_no_batch_is_empty(lengths: list[int], rows: int) -> None:
    batches, end = [], 0
    for length in lengths:
        batches.append(numbers(end, end + length))
        end += length

    found = list(resize(batches, Size(rows=rows, memory=1 << 20, fewest=rows // 2)))

    assert [n for batch in found for n in batch["n"].to_pylist()] == list(range(end))
    assert all(0 < batch.num_rows <= rows + rows // 2 for batch in found)


def test_small_batches_are_gathered_after_the_first() -> None:
    batches = [numbers(n, n + 10) for n in range(0, 100, 10)]

    found = resize(batches, Size(rows=1000, memory=1 << 20, fewest=40))

    assert [batch.num_rows for batch in found] == [10, 40, 40, 10]


def test_a_large_batch_is_cut_into_equal_parts_after_the_first_rows() -> None:
    found = resize([numbers(0, 10_000)], Size(rows=8192, memory=1 << 20, fewest=4096))

    assert [batch.num_rows for batch in found] == [1024, 4488, 4488]


def test_rows_of_many_bytes_are_cut_by_their_bytes() -> None:
    wide = pa.record_batch({"text": ["x" * 100_000] * 64})

    found = list(resize([wide], Size(rows=1000, memory=1 << 20, fewest=500)))

    assert len(found) == 8
    assert max(batch.nbytes for batch in found) <= 1 << 20


def test_a_row_that_is_larger_than_any_batch_goes_alone() -> None:
    huge = pa.record_batch({"text": ["x" * 3_000_000, "y"]})

    found = list(resize([huge], Size(rows=1000, memory=1 << 20, fewest=1)))

    assert [batch.num_rows for batch in found] == [1, 1]


def test_wide_tables_have_fewer_rows_in_a_batch() -> None:
    assert narrow(8).rows == 8192
    assert narrow(100).rows == 655
    assert narrow(5000).rows == 256
