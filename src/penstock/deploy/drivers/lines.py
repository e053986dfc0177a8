"""Chunks of a log, cut anywhere -> its lines."""

from __future__ import annotations

# A program that never ends its line does not fill our memory.
_LONGEST = 1 << 20


class Lines:
    """Keeps what has no end yet."""

    def __init__(self) -> None:
        self._rest = b""

    def add(self, chunk: bytes) -> list[bytes]:
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > _LONGEST:
            whole += self.end()
        return whole

    def end(self) -> list[bytes]:
        rest, self._rest = self._rest, b""
        return [rest] if rest else []
