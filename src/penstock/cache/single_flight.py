"""Many who ask the same at the same time → one who computes, the others wait for it.

For one event loop: nothing here is thread-safe, and nothing needs to be.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from penstock.errors import Kind, PenstockError

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Flight(Generic[T]):
    """What a leader holds. The first word to those who wait is the last."""

    waiting: deque[asyncio.Future[T | None]] = field(default_factory=deque)
    led: bool = True
    over: bool = False

    def land(self, result: T) -> None:
        """Hand the result to everybody."""
        for place in self._end():
            place.set_result(result)

    def decline(self) -> None:
        """Let everybody compute for themselves: the answer is too large to share.

        To be said as soon as it is known. A large answer is streamed at the pace of its one
        caller, and that is not what the others wait for.
        """
        for place in self._end():
            place.set_result(None)

    def fail(self, error: PenstockError) -> None:
        """Hand everybody an error that the query itself is to blame for."""
        for place in self._end():
            place.set_exception(error)

    def elect(self) -> bool:
        """Make who has waited longest the next leader; return whether anybody waits."""
        self.led = False
        while self.waiting:
            place = self.waiting.popleft()
            if not place.done():
                place.set_result(None)
                return True
        return False

    def _end(self) -> Iterator[asyncio.Future[T | None]]:
        self.over = True
        while self.waiting:
            place = self.waiting.popleft()
            if not place.done():
                yield place


@dataclass(slots=True)
class SingleFlight(Generic[T]):
    """One event loop's flights, by key. First `join`; then, where that returns None, `lead`."""

    _flights: dict[bytes, Flight[T]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._flights)

    async def join(self, key: bytes) -> T | None:
        """Wait for a flight under way and return what it landed, None if the caller is to compute.

        That is everybody, if there is no flight or its answer was too large to share; and one of
        them, if the leader left or failed for a reason of its own: the others wait for that one.
        Raises what the leader's query is to blame for.
        """
        flight = self._flights.get(key)
        if flight is None or flight.over:
            return None
        place: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()
        flight.waiting.append(place)
        try:
            return await place
        finally:
            if _is_elected(place):
                # Whether it leads, or is gone, shows after this step.
                asyncio.get_running_loop().call_soon(self._elect_unless_led, key, flight)

    @asynccontextmanager
    async def lead(self, key: bytes) -> AsyncIterator[Flight[T]]:
        """Be the one who computes. Others who lead the same key meanwhile just do the same."""
        flight = self._take(key)
        try:
            yield flight
        except PenstockError as error:
            if is_deterministic(error):
                flight.fail(error)
            raise
        else:
            flight.decline()
        finally:
            flight.led = False
            self._elect_unless_led(key, flight)

    def _take(self, key: bytes) -> Flight[T]:
        flight = self._flights.get(key)
        if flight is None or flight.over:
            flight = self._flights[key] = Flight()
        elif flight.led:
            return Flight()  # of its own, for nobody else
        flight.led = True
        return flight

    def _elect_unless_led(self, key: bytes, flight: Flight[T]) -> None:
        """Find a flight its next leader; forget it if it is over, or nobody waits."""
        if self._flights.get(key) is not flight or flight.led:
            return
        if flight.over or not flight.elect():
            del self._flights[key]


def _is_elected(place: asyncio.Future[T | None]) -> bool:
    return (
        place.done()
        and not place.cancelled()
        and place.exception() is None
        and place.result() is None
    )


def is_deterministic(error: PenstockError) -> bool:
    """Whether the same query fails the same way for whoever asks it."""
    return all(part.kind is Kind.QUERY for part in error.parts)
