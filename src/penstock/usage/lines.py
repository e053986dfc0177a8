"""Events as they lie on disk: a line each, with a checksum; a torn one spoils no other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from zlib import crc32

_CHECKSUM: Final = 8  # hexadecimal digits


def frame(payload: bytes) -> bytes:
    """Return a line for a payload without line ends.

    It begins with a line's end too: should what stands before it be torn, it is whole all the same.
    """
    return b"\n%08x %b\n" % (crc32(payload), payload)


def read_frames(data: bytes) -> tuple[tuple[bytes, ...], int]:
    """Return the payloads that are whole, in order, and how many lines are not."""
    lines = [line for line in data.split(b"\n") if line]
    whole = tuple(_whole(lines))
    return whole, len(lines) - len(whole)


def _whole(lines: list[bytes]) -> Iterator[bytes]:
    for line in lines:
        payload = line[_CHECKSUM + 1 :]
        if line[: _CHECKSUM + 1] == b"%08x " % crc32(payload):
            yield payload
