"""Events → one line of JSON each, on standard error."""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime
from time import time
from typing import BinaryIO, Final

import msgspec

from penstock.events import (
    Answered,
    Event,
    Failed,
    Interrupted,
    IssuerKeysUnavailable,
    KeysUnreadable,
    LastUsedUnwritten,
    LogLost,
    ManagerLost,
    RefreshFailed,
    ReloadRefused,
    SignalsLost,
    SnapshotRefused,
    SnapshotUnwritten,
    Unready,
    UsageDamaged,
    UsageKept,
    UsageLost,
    UsageRefused,
    UsageUnwritten,
)

_WARNINGS: Final = (
    Interrupted,
    ReloadRefused,
    KeysUnreadable,
    LastUsedUnwritten,
    IssuerKeysUnavailable,
    ManagerLost,
    RefreshFailed,
    SignalsLost,
    SnapshotRefused,
    SnapshotUnwritten,
    Unready,
    UsageDamaged,
    UsageKept,
    UsageLost,
    UsageRefused,
    UsageUnwritten,
)
_FLUSH_SECONDS: Final = 0.2
_SERVER_ERROR: Final = 500
_ERROR: Final = 400
_PROBES: Final = frozenset({"/livez", "/readyz", "/metrics"})


class Log:
    """Writes behind: a busy node writes its lines a few times a second, all at once."""

    def __init__(self, stream: BinaryIO = sys.stderr.buffer) -> None:
        self._stream = stream
        self._encode = msgspec.json.Encoder().encode
        self._lines: list[bytes] = []
        self._now = (0, "")
        self._begin = b""
        self._lost = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._write_behind, name="penstock-log", daemon=True)
        self._thread.start()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Answered) and event.status < _ERROR and event.route in _PROBES:
            return  # asked every second, they would drown all that happens
        self._lines.append(self._head(_level(event)) + self._encode(event)[1:])

    def close(self) -> None:
        """Write what is left."""
        self._stopped.set()
        self._thread.join(timeout=1)

    def _write_behind(self) -> None:
        while not self._stopped.wait(_FLUSH_SECONDS):
            self._write()
        self._write()

    def _write(self) -> None:
        """Write what there is; where nobody takes it, say afterwards how much is missing."""
        lines, self._lines = self._lines, []
        if not lines:
            return
        torn = b"\n" if self._lost else b""
        try:
            self._stream.write(torn + b"\n".join(lines) + b"\n")
            self._stream.flush()
        except OSError:  # a full disk: it goes on, and so does the log
            self._lost += len(lines)
            return
        if self._lost:
            self(LogLost(lines=self._lost))
            self._lost = 0

    def _head(self, level: str) -> bytes:
        """Return how a line begins, worded once for all that happens in a millisecond."""
        now = (int(time() * 1000), level)
        if now != self._now:
            told = datetime.fromtimestamp(now[0] / 1000, UTC).isoformat(timespec="milliseconds")
            self._now, self._begin = now, f'{{"time":"{told}","level":"{level}",'.encode()
        return self._begin


def _level(event: Event) -> str:
    if isinstance(event, Answered):
        return "info" if event.status < _SERVER_ERROR else "warning"
    if isinstance(event, Failed):
        return "error"
    return "warning" if isinstance(event, _WARNINGS) else "info"
