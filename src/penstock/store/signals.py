"""A commit -> whoever waits for it, at once; what other processes write is rung by a relay."""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import Flag, auto


class Ring(Flag):
    """Whose commit it is: this process', or another one's."""

    OURS = auto()
    OTHERS = auto()
    ANY = OURS | OTHERS


class Bell:
    """Rung after a commit that somebody may wait for. Listeners are called in the ringing thread.

    A listener must be quick and must not raise: it only wakes somebody.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[tuple[Ring, Callable[[], None]]] = []

    def listen(self, listener: Callable[[], None], to: Ring = Ring.ANY) -> Callable[[], None]:
        """Call `listener` at every ring of such a kind, until what is returned is called."""
        entry = (to, listener)
        with self._lock:
            self._listeners.append(entry)

        def stop() -> None:
            with self._lock:
                self._listeners.remove(entry)

        return stop

    def ring(self, whose: Ring = Ring.OURS) -> None:
        with self._lock:
            listeners = tuple(listener for to, listener in self._listeners if whose in to)
        for listener in listeners:
            listener()
