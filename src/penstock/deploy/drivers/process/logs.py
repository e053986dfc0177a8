"""A node's log, read while it is written and turned over (see `keeper.rotate`)."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from penstock.deploy.drivers.beating import BEAT
from penstock.deploy.drivers.lines import Lines

_LOOK_EVERY = 0.1
_CHUNK = 1 << 20
# The old part appears a moment before the new one begins.
_EMPTIED_WITHIN = 2.0


def read_log(log: Path, *, tail: int | None, follow: Callable[[], bool] | None) -> Iterator[bytes]:
    """Yield lines without their ends; go on for as long as `follow` says that there may be more.

    While nothing is printed an empty line comes each second.
    """
    reader, said = _Reader(log), time.monotonic()
    lines = Lines()
    past = [line for chunk in reader.past() for line in lines.add(chunk)]
    if follow is None:
        past += lines.end()
    yield from past if tail is None else deque(past, maxlen=tail)
    while follow is not None:
        more = follow()  # asked before reading: what was written last is not missed
        for chunk in reader.news():
            yield from lines.add(chunk)
            said = time.monotonic()
        if not more:
            yield from lines.end()
            return
        if time.monotonic() - said >= BEAT:
            yield b""
            said = time.monotonic()
        time.sleep(_LOOK_EVERY)


class _Reader:
    def __init__(self, log: Path) -> None:
        self._log = log
        self._old = log.with_suffix(".1")
        self._seen = self._turned()
        self._offset = 0

    def past(self) -> Iterator[bytes]:
        yield from _read_from(self._old, 0)
        yield from self._forward()

    def news(self) -> Iterator[bytes]:
        """Yield what was added; what was turned over meanwhile is at the same place of the copy."""
        turned = self._turned()
        if turned != self._seen:
            self._seen = turned
            old_size = yield from _read_from(self._old, self._offset)
            self._await_emptied(old_size)
            self._offset = 0
        yield from self._forward()

    def _forward(self) -> Iterator[bytes]:
        self._offset = yield from _read_from(self._log, self._offset)

    def _await_emptied(self, old_size: int) -> None:
        deadline = time.monotonic() + _EMPTIED_WITHIN
        while _size(self._log) >= old_size > 0 and time.monotonic() < deadline:
            time.sleep(0.01)

    def _turned(self) -> tuple[int, int] | None:
        try:
            found = self._old.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns


def _read_from(path: Path, offset: int) -> Generator[bytes, None, int]:
    """Yield a file's bytes from there on, and return where they end."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            while chunk := file.read(_CHUNK):
                yield chunk
            return file.tell()
    except FileNotFoundError:
        return offset


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
