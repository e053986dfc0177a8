"""The blocking steps of one answer, in threads, stopped if the caller leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Self, TypeVar

from penstock.answer import AnswerStream
from penstock.errors import QueryCancelledError
from penstock.node.exchange import Exchange

T = TypeVar("T")

_PATIENCE = 0.05  # seconds before it is worth watching whether the caller is still there


@dataclass(slots=True)
class Puller:
    """Use as a context: at its end the answer's cursor is free, however far it came."""

    exchange: Exchange
    stream: AnswerStream
    threads: Executor
    _departure: asyncio.Task[None] | None = field(default=None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._departure is not None:
            self._departure.cancel()
        self.stream.close()

    async def pull(self, step: Callable[[], T]) -> T:
        """Return what a step returns. Raises QueryCancelledError once the caller has left."""
        loop = asyncio.get_running_loop()
        # A quick answer needs no look-out for the caller's leaving.
        patience = loop.call_later(_PATIENCE, self.watch)
        try:
            result = await loop.run_in_executor(self.threads, step)
        except asyncio.CancelledError:
            self.stream.cancel()
            raise
        finally:
            patience.cancel()
        if self._departure is not None and self._departure.done():
            raise QueryCancelledError("The caller left before the answer was whole.")
        return result

    def watch(self) -> None:
        """Stop the query from now on as soon as the caller leaves."""
        if self._departure is None:
            self._departure = asyncio.ensure_future(self.exchange.left())
            self._departure.add_done_callback(self._stop)

    def _stop(self, departure: asyncio.Task[None]) -> None:
        if not departure.cancelled():
            self.stream.cancel()
