"""A commit in this process -> whoever waits for it, at once; other processes have to look."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Bell:
    """Rung after a commit that somebody may wait for. Listeners are called in the ringing thread.

    A listener must be quick and must not raise: it only wakes somebody.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` at every ring, until what is returned is called."""
        with self._lock:
            self._listeners.append(listener)

        def stop() -> None:
            with self._lock:
                self._listeners.remove(listener)

        return stop

    def ring(self) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()
