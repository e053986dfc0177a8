"""Bytes → fewer bytes, in the coding a caller accepts."""

from __future__ import annotations

import zlib
from enum import StrEnum
from functools import lru_cache
from typing import Final, Protocol, assert_never

import pyarrow as pa

SMALLEST: Final = 1024  # bytes; below it the headers cost more than is won
_FAST = 1
_LONGEST = 512  # bytes of a header: what was read is remembered, so nobody may fill the memory
_GZIP: Final = 16 + zlib.MAX_WBITS


class Coding(StrEnum):
    IDENTITY = "identity"
    GZIP = "gzip"
    ZSTD = "zstd"


_PREFERENCE: Final = (Coding.ZSTD, Coding.GZIP)


class Compressor(Protocol):
    """Takes an answer in pieces, gives its coded form in pieces."""

    def feed(self, chunk: bytes) -> bytes: ...

    def end(self) -> bytes: ...


@lru_cache(maxsize=1024)
def choose_coding(accepted: bytes | None) -> Coding:
    """Return the coding an `Accept-Encoding` header prefers; of equals, ours."""
    if not accepted or len(accepted) > _LONGEST:
        return Coding.IDENTITY
    weights = _weights(accepted.decode("latin-1").lower())
    best = max(_PREFERENCE, key=lambda coding: weights.get(coding, 0.0))
    return best if weights.get(best, 0.0) > 0 else Coding.IDENTITY


def _weights(accepted: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for item in accepted.split(","):
        name, _, weight = item.partition(";")
        _, _, number = weight.strip().partition("q=")
        try:
            weights[name.strip()] = float(number) if number else 1.0
        except ValueError:
            weights[name.strip()] = 0.0
    if "*" in weights:
        return {coding.value: weights["*"] for coding in _PREFERENCE} | weights
    return weights


def compress(body: bytes, coding: Coding) -> bytes:
    """Compress a whole answer."""
    compressor = open_compressor(coding)
    return compressor.feed(body) + compressor.end()


def open_compressor(coding: Coding) -> Compressor:
    match coding:
        case Coding.IDENTITY:
            return _Identity()
        case Coding.GZIP:
            return _Gzip()
        case Coding.ZSTD:
            return _Zstd()
        case unreachable:
            assert_never(unreachable)


class _Identity:
    def feed(self, chunk: bytes) -> bytes:
        return chunk

    def end(self) -> bytes:
        return b""


class _Gzip:
    def __init__(self) -> None:
        self._deflate = zlib.compressobj(_FAST, wbits=_GZIP)

    def feed(self, chunk: bytes) -> bytes:
        return self._deflate.compress(chunk)

    def end(self) -> bytes:
        return self._deflate.flush()


class _Sink:
    """A file that only remembers what was written since it was last emptied."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None: ...

    def close(self) -> None: ...

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def empty(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


class _Zstd:
    def __init__(self) -> None:
        self._sink = _Sink()
        self._stream = pa.CompressedOutputStream(pa.PythonFile(self._sink, mode="w"), "zstd")

    def feed(self, chunk: bytes) -> bytes:
        self._stream.write(chunk)
        return self._sink.empty()

    def end(self) -> bytes:
        self._stream.close()
        return self._sink.empty()
