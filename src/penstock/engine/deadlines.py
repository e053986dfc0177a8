"""One thread that stops whatever runs past its time."""

from __future__ import annotations

from math import inf
from threading import Condition, Thread
from time import monotonic
from typing import Protocol

_AGAIN = 0.02  # seconds: a stop can come too early for the database to notice, so it is repeated


class Stoppable(Protocol):
    def expire(self) -> None: ...

    def abandon(self) -> None: ...


class Deadlines:
    """`expire` is called on what is watched past its deadline, again and again until `forget`.

    A timer per statement would cost a thread each (about 60 µs); a deadline here costs a
    dictionary entry, and the thread sleeps until the earliest one that was ever announced.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._watched: dict[Stoppable, float] = {}
        self._wake = inf
        self._thread: Thread | None = None
        self._closed = False

    def watch(self, work: Stoppable, deadline: float) -> None:
        """Expire `work` at `deadline` (monotonic seconds); a second call moves the deadline."""
        with self._changed:
            self._watched[work] = deadline
            if deadline < self._wake:
                self._wake = deadline
                self._changed.notify()
            # Looked at each time, because a thread does not survive a fork.
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._expire_forever, name="deadlines", daemon=True)
                self._thread.start()

    def forget(self, work: Stoppable) -> None:
        with self._changed:
            self._watched.pop(work, None)

    def close(self) -> None:
        """End the thread, and abandon what was still watched."""
        with self._changed:
            left = tuple(self._watched)
            self._watched.clear()
            self._closed = True
            self._changed.notify()
        for work in left:
            work.abandon()

    def _expire_forever(self) -> None:
        while self._expire_next():
            pass

    def _expire_next(self) -> bool:
        # A function of its own, so that nothing stays referred to while the thread sleeps.
        overdue = self._wait()
        if overdue is None:
            return False
        for work in overdue:
            work.expire()
        return True

    def _wait(self) -> list[Stoppable] | None:
        """Sleep until something is overdue and return it; None once closed."""
        with self._changed:
            while not self._closed:
                now = monotonic()
                overdue = [work for work, deadline in self._watched.items() if deadline <= now]
                if overdue:
                    for work in overdue:
                        self._watched[work] = now + _AGAIN
                    return overdue
                self._wake = min(self._watched.values(), default=inf)
                self._changed.wait(None if self._wake == inf else self._wake - now)
        return None
