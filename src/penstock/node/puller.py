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
        future = asyncio.get_running_loop().run_in_executor(self.threads, step)
        try:
            await asyncio.wait({future}, timeout=_PATIENCE)
            if not future.done():
                either: set[asyncio.Future[T] | asyncio.Future[None]] = {future, self._look_out()}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not future.done():
                self.stream.cancel()
            result = await future
        except asyncio.CancelledError:
            self.stream.cancel()
            raise
        if self._departure is not None and self._departure.done():
            raise QueryCancelledError("The caller left before the answer was whole.")
        return result

    def watch(self) -> None:
        """Look out for the caller's leaving from now on; a quick answer needs no look-out."""
        _ = self._look_out()

    def _look_out(self) -> asyncio.Task[None]:
        if self._departure is None:
            self._departure = asyncio.ensure_future(self.exchange.left())
        return self._departure
