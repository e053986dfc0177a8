from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from queue import SimpleQueue

import pytest

from penstock.deploy.drivers.beating import beating


class Stream:
    """Yields what it is given, and blocks meanwhile; None ends it."""

    def __init__(self) -> None:
        self.given: SimpleQueue[bytes | Exception | None] = SimpleQueue()
        self.ended = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        while (piece := self.given.get()) is not None:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    def end(self) -> None:
        self.ended.set()
        self.given.put(None)


def listeners() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "penstock-follow"]


def test_chunks_come_in_order_and_silence_is_an_empty_one() -> None:
    stream = Stream()
    for piece in (b"one", b"two"):
        stream.given.put(piece)
    with closing(beating(stream, stream.end, 0.01)) as chunks:
        heard = [next(chunks) for _ in range(2)]
        silence = next(chunks)
        stream.given.put(None)
        rest = [chunk for chunk in chunks if chunk]

    assert (heard, silence, rest) == ([b"one", b"two"], b"", [])


def test_who_leaves_ends_the_stream_and_the_thread_that_waits_for_it() -> None:
    stream = Stream()
    with closing(beating(stream, stream.end, 0.01)) as chunks:
        assert next(chunks) == b""
        assert len(listeners()) == 1

    assert stream.ended.is_set()
    assert listeners() == []


def test_who_leaves_while_more_came_than_was_read_ends_it_too() -> None:
    stream = Stream()
    for _ in range(200):
        stream.given.put(b"x")
    with closing(beating(stream, stream.end)) as chunks:
        assert next(chunks) == b"x"

    assert listeners() == []


def test_what_breaks_a_stream_is_raised_where_it_is_read() -> None:
    stream = Stream()
    stream.given.put(b"one")
    stream.given.put(OSError("the engine is gone"))
    chunks = beating(stream, stream.end)

    assert next(chunks) == b"one"
    with pytest.raises(OSError, match="engine is gone"):
        next(chunks)
