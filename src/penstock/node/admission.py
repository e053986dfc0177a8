"""How many queries run at once, how many wait, and for how long."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from types import TracebackType

from penstock.errors import BusyError

_SMOOTHING = 0.1  # of the newest service time in the running mean
_LONGEST = 60  # seconds: nobody plans further ahead


@dataclass(slots=True)
class Admission:
    """`queue_timeout` is in seconds. First come, first served; who leaves frees their place.

    For one event loop. A place is handed from who leaves to who has waited longest, so nobody who
    comes in between can take it.
    """

    concurrency: int
    queue: int
    queue_timeout: float
    clock: Callable[[], float] = perf_counter
    running: int = 0
    refused: int = 0
    _waiting: deque[asyncio.Future[None]] = field(default_factory=deque)
    _service: float = 0.0

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def retry_after(self) -> int:
        """In whole seconds: when those before a newcomer should be through, 1 at least."""
        wait = math.ceil((len(self._waiting) + 1) * self._service / self.concurrency)
        return max(1, min(_LONGEST, wait))

    def admit(self) -> Place:
        """Wait for a place and hold it: `async with admission.admit()`, which raises BusyError."""
        return Place(self)

    async def enter(self) -> float:
        """Take a place and return when that was. Raises BusyError."""
        if self.running < self.concurrency:
            self.running += 1
        else:
            await self._wait()
        return self.clock()

    def leave(self, entered: float) -> None:
        """Give the place back."""
        spent = self.clock() - entered
        self._service += (spent - self._service) * (_SMOOTHING if self._service else 1)
        self._pass_on()

    async def _wait(self) -> None:
        if len(self._waiting) >= self.queue:
            raise self._refusal("The queue is full.")
        place = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            # Not `wait_for`: that swallows a cancellation that comes together with the place.
            async with asyncio.timeout(self.queue_timeout):
                await place
        except TimeoutError as error:
            self._abandon(place)
            raise self._refusal("No place became free in time.") from error
        except BaseException:
            self._abandon(place)
            raise

    def _abandon(self, place: asyncio.Future[None]) -> None:
        if place.done() and not place.cancelled():
            self._pass_on()  # it came just when its owner left
        elif place in self._waiting:
            self._waiting.remove(place)

    def _pass_on(self) -> None:
        """Hand a place that became free to whoever has waited longest."""
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self.running -= 1

    def _refusal(self, why: str) -> BusyError:
        self.refused += 1
        after = self.retry_after
        error = BusyError(f"Too many queries at once. {why}", hint=f"Try again in {after} s.")
        error.retry_after = after
        return error


class Place:
    """One query's way through. A class, since a generator would cost 2 µs more on each."""

    __slots__ = ("_admission", "_entered")

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._entered = 0.0

    async def __aenter__(self) -> None:
        self._entered = await self._admission.enter()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._admission.leave(self._entered)
