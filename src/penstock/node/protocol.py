"""HTTP/1.1 as the server reads it, with an end to how long a request may be, and may take."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from penstock.node.transport import GatheringTransport
from penstock.node.whole import offer_whole

_LONGEST: Final = 64 * 1024  # bytes of the first line and the headers, before anybody is known
_SECONDS: Final = 30.0  # that a request may take to come, its body too
_REFUSAL: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


@dataclass(slots=True)
class Draining:
    """Whether the server was told to stop: from then on each answer ends its connection."""

    has_begun: bool = False


class BoundedProtocol(HttpToolsProtocol):
    """The library waits for the rest of a request for ever, and keeps its head however long.

    A request that comes whole, as almost all do, costs no timer.
    """

    draining: ClassVar[Draining] = Draining()

    _was_asked = False
    _coming = False
    _head: int | None = 0  # bytes of a head that is not whole yet, None while there is none
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as the library has it
        super().connection_made(GatheringTransport(transport, self.loop))

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._coming and self._late is None:
            self._late = self.loop.call_later(_SECONDS, self._close)
        if self._head is not None:
            self._head += len(data)
            if self._head > _LONGEST and not self.transport.is_closing():
                self.transport.write(_REFUSAL)
                self.transport.close()

    def on_message_begin(self) -> None:
        self._coming, self._head = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head, self._was_asked = None, True
        super().on_headers_complete()
        if self.draining.has_begun:
            self.cycle.keep_alive = False
        offer_whole(self.cycle)

    def on_message_complete(self) -> None:
        self._coming = False
        self._forget_timer()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._coming = False
        self._forget_timer()
        super().connection_lost(exc)

    def end_soon(self) -> None:
        """Let the answer that is under way, if there is one, be the last."""
        if self._was_asked and not self.cycle.response_complete:
            self.cycle.keep_alive = False

    def _close(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()

    def _forget_timer(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
