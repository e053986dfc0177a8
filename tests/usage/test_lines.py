from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from penstock.usage.lines import frame, read_frames

PAYLOADS = some.lists(
    some.binary(min_size=1, max_size=60).filter(lambda text: b"\n" not in text), max_size=8
)


@given(PAYLOADS)
def test_what_was_written_is_read_in_order(payloads: list[bytes]) -> None:
    assert read_frames(b"".join(map(frame, payloads))) == (tuple(payloads), 0)


@given(PAYLOADS, some.data())
def test_cut_anywhere_only_whole_payloads_are_left_and_none_twice(
    payloads: list[bytes], data: some.DataObject
) -> None:
    written = b"".join(map(frame, payloads))
    cut = data.draw(some.integers(0, len(written)))
    found, torn = read_frames(written[:cut])

    assert list(found) == payloads[: len(found)]
    assert torn in {0, 1}
    assert len(found) + 1 >= sum(1 for i in range(len(payloads)) if _end(payloads, i) <= cut)


@given(PAYLOADS, PAYLOADS, some.data())
def test_what_follows_a_torn_line_is_whole(
    before: list[bytes], after: list[bytes], data: some.DataObject
) -> None:
    written = b"".join(map(frame, before))
    cut = data.draw(some.integers(0, len(written)))
    found, _ = read_frames(written[:cut] + b"".join(map(frame, after)))

    assert list(found[len(found) - len(after) :]) == after
    assert list(found[: len(found) - len(after)]) == before[: len(found) - len(after)]


def _end(payloads: list[bytes], index: int) -> int:
    return sum(len(frame(payload)) for payload in payloads[: index + 1])
