"""Events → one line of JSON each, on standard error."""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime
from typing import Final, TextIO

import msgspec

from penstock.events import (
    Answered,
    Event,
    Failed,
    Interrupted,
    IssuerKeysUnavailable,
    KeysUnreadable,
    LastUsedUnwritten,
    ReloadRefused,
)

_WARNINGS: Final = (
    Interrupted,
    ReloadRefused,
    KeysUnreadable,
    LastUsedUnwritten,
    IssuerKeysUnavailable,
)
_FLUSH_SECONDS: Final = 0.2
_SERVER_ERROR: Final = 500


class Log:
    """Writes behind: a busy node writes its lines a few times a second, all at once."""

    def __init__(self, stream: TextIO = sys.stderr, *, requests: bool = True) -> None:
        self._stream = stream
        self._requests = requests
        self._encode = msgspec.json.Encoder().encode
        self._lines: list[bytes] = []
        self._pending = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._write, name="penstock-log", daemon=True)
        self._thread.start()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Answered) and not self._requests:
            return
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "level": _level(event),
            "event": type(event).__name__,
            **{
                name: value
                for name in event.__slots__
                if (value := getattr(event, name)) is not None
            },
        }
        self._lines.append(self._encode(line))
        self._pending.set()

    def close(self) -> None:
        """Write what is left."""
        self._stopped = True
        self._pending.set()
        self._thread.join(timeout=1)

    def _write(self) -> None:
        pause = threading.Event()
        while not self._stopped or self._lines:
            self._pending.wait()
            self._pending.clear()
            lines, self._lines = self._lines, []
            if lines:
                self._stream.write(b"\n".join(lines).decode() + "\n")
                self._stream.flush()
            if not self._stopped:
                pause.wait(_FLUSH_SECONDS)


def _level(event: Event) -> str:
    if isinstance(event, Failed):
        return "error"
    if isinstance(event, _WARNINGS):
        return "warning"
    if isinstance(event, Answered) and event.status >= _SERVER_ERROR:
        return "warning"
    return "info"
