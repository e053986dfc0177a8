"""Which data it is: a token that a database is asked for, and not for every query anew."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Final

from penstock.errors import PenstockError

_LOOK_EVERY: Final = 0.5  # seconds between two looks


class Versions:
    """`look` returns the token of now, None where there is none; it may raise PenstockError."""

    def __init__(self, look: Callable[[], str | None], clock: Callable[[], float]) -> None:
        self._look = look
        self._clock = clock
        self._lock = Lock()
        self._seen: tuple[float, str | None] | None = None

    def read(self, *, now: bool) -> str | None:
        """Return the token, a moment old at most; None where it cannot be known."""
        with self._lock:
            seen, time = self._seen, self._clock()
            if seen is None or now or time - seen[0] >= _LOOK_EVERY:
                seen = self._seen = (time, self._find())
            return seen[1]

    def _find(self) -> str | None:
        try:
            return self._look()
        except PenstockError:
            return None
