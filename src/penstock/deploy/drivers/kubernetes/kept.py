"""What a crashed node printed last, kept when it is started anew and its pod goes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class KeptLogs:
    """One file for each node that was ever started again, until it is stopped."""

    folder: Path

    def keep(self, node: str, chunks: Iterator[bytes]) -> None:
        """Add to it. A disk that is full, or a log that is lost, stops no node from starting."""
        with contextlib.suppress(OSError):
            kept = b"".join([self._read(node), *chunks])[-_BYTES:]
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            new = self._place(node).with_suffix(".new")
            new.touch(mode=0o600)
            new.write_bytes(kept)
            new.replace(self._place(node))

    def lines(self, node: str, tail: int | None = None) -> list[bytes]:
        lines = self._read(node).splitlines()
        return lines if tail is None else lines[max(0, len(lines) - tail) :]

    def forget(self, node: str) -> None:
        with contextlib.suppress(OSError):
            self._place(node).unlink(missing_ok=True)

    def _read(self, node: str) -> bytes:
        place = self._place(node)
        return place.read_bytes() if place.exists() else b""

    def _place(self, node: str) -> Path:
        return self.folder / f"{Path(node).name}.log"
