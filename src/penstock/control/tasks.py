"""Work that takes a while, one at a time for each thing, its outcome told as events."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from penstock.deploy.rollout.events import Event
from penstock.deploy.types import Place
from penstock.errors import PenstockError

Work = Callable[[], Iterable[Event]]
_LONGEST_PAUSE = 5.0


@dataclass(slots=True)
class Failure:
    """What went wrong with a piece of work, how often running, and when it may be tried again."""

    reason: str
    times: int
    again: float


@dataclass(slots=True)
class Tasks:
    """`tell` takes what came of it; `wake` is called after that."""

    tell: Callable[[Place, tuple[Event, ...]], None]
    wake: Callable[[], None]
    workers: int = 32
    failures: dict[Hashable, Failure] = field(default_factory=dict)
    _running: set[Hashable] = field(default_factory=set)
    _asked: set[Hashable] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pool: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="penstock-task")

    def ensure(self, place: Place, key: Hashable, work: Work) -> None:
        """Have a piece of work done, unless it is under way, or failed a moment ago."""
        with self._lock:
            self._asked.add(key)
            failure = self.failures.get(key)
            waits = failure is not None and time.monotonic() < failure.again
            if key in self._running or waits:
                return
            self._running.add(key)
        self._pool.submit(self._run, place, key, work)

    def is_running(self, key: Hashable) -> bool:
        with self._lock:
            return key in self._running

    def problems(self) -> tuple[str, ...]:
        """Return what goes wrong at present."""
        with self._lock:
            return tuple(dict.fromkeys(failure.reason for failure in self.failures.values()))

    def sweep(self) -> None:
        """Forget failures of what nobody asked for since the last sweep."""
        with self._lock:
            for key in set(self.failures) - self._asked - self._running:
                del self.failures[key]
            self._asked.clear()

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, place: Place, key: Hashable, work: Work) -> None:
        try:
            self.tell(place, tuple(work()))
        except PenstockError as error:
            self._note(key, error.told)
        except Exception as error:  # noqa: BLE001 a manager that stops acting is worse than any of them
            self._note(key, f"{type(error).__name__}: {error}")
        else:
            with self._lock:
                self.failures.pop(key, None)
        finally:
            with self._lock:
                self._running.discard(key)
            self.wake()

    def _note(self, key: Hashable, reason: str) -> None:
        with self._lock:
            earlier = self.failures.get(key)
            times = 1 if earlier is None else earlier.times + 1
            pause = min(_LONGEST_PAUSE, 0.25 * 2**times)
            self.failures[key] = Failure(reason, times, time.monotonic() + pause)
