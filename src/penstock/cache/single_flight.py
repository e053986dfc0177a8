"""Many who ask the same at the same time → one who computes, the others wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Flight(Generic[T]):
    """What the leader of a flight holds; `land` hands the result to those who wait."""

    result: asyncio.Future[T | None]

    def land(self, result: T) -> None:
        if not self.result.done():
            self.result.set_result(result)


@dataclass(slots=True)
class SingleFlight(Generic[T]):
    """One event loop's flights, by key."""

    _flights: dict[bytes, Flight[T]] = field(default_factory=dict)

    async def join(self, key: bytes) -> T | None:
        """Wait for a flight under way and return what it landed, None if there is nothing.

        A leader that failed, left, or had too much to share lands nothing: whoever waited then
        computes for themselves, since the reason may have been the leader's alone.
        """
        flight = self._flights.get(key)
        return None if flight is None else await asyncio.shield(flight.result)

    @asynccontextmanager
    async def lead(self, key: bytes) -> AsyncIterator[Flight[T]]:
        """Be the one who computes. Others who lead the same key meanwhile just do the same."""
        flight = Flight[T](asyncio.get_running_loop().create_future())
        self._flights.setdefault(key, flight)
        try:
            yield flight
        finally:
            if not flight.result.done():
                flight.result.set_result(None)
            if self._flights.get(key) is flight:
                del self._flights[key]
