"""How many queries run at once, how many wait, and for how long."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter

from penstock.errors import BusyError

_SMOOTHING = 0.1  # of the newest service time in the running mean


class RefusedError(BusyError):
    """`retry_after` is in whole seconds."""

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail, hint=f"Try again in {retry_after} s.")
        self.retry_after = retry_after


@dataclass(slots=True)
class Admission:
    """`queue_timeout` is in seconds. First come, first served; who leaves frees their place."""

    concurrency: int
    queue: int
    queue_timeout: float
    running: int = 0
    refused: int = 0
    _waiting: deque[asyncio.Future[None]] = field(default_factory=deque)
    _service: float = 0.0

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @asynccontextmanager
    async def admit(self) -> AsyncIterator[None]:
        """Wait for a place and hold it. Raises BusyError where the queue is full or too slow."""
        if self.running < self.concurrency and not self._waiting:
            self.running += 1
        else:
            await self._wait()
        began = perf_counter()
        try:
            yield
        finally:
            self._service += _SMOOTHING * (perf_counter() - began - self._service)
            self._pass_on()

    async def _wait(self) -> None:
        if len(self._waiting) >= self.queue:
            raise self._refusal("The queue is full.")
        place = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await asyncio.wait_for(place, self.queue_timeout)
        except TimeoutError as error:
            raise self._refusal("No place became free in time.") from error
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._pass_on()
            raise
        finally:
            if place in self._waiting:
                self._waiting.remove(place)

    def _pass_on(self) -> None:
        """Hand a place that became free to whoever has waited longest."""
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self.running -= 1

    def _refusal(self, why: str) -> RefusedError:
        self.refused += 1
        wait = math.ceil((len(self._waiting) + 1) * self._service / self.concurrency)
        return RefusedError(f"Too many queries at once. {why}", max(1, wait))
