"""HTTP/1.1 as the server reads it, with an end to how long a request's head may be."""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_LONGEST: Final = 64 * 1024  # bytes of the first line and the headers, before anybody is known
_SECONDS: Final = 30.0  # that a head may take to come
_REFUSAL: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class BoundedProtocol(HttpToolsProtocol):
    """The library keeps a head until it is whole: without an end, a stranger could fill memory."""

    _head: int | None = 0  # bytes of a head that is not whole yet, None while there is none
    _late: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head is not None:
            self._head += len(data)
            if self._late is None:
                self._late = self.loop.call_later(_SECONDS, self._close_late)
            if self._head > _LONGEST and not self.transport.is_closing():
                self.transport.write(_REFUSAL)
                self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_late()
        super().connection_lost(exc)

    def _close_late(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()

    def _forget_late(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def on_message_begin(self) -> None:
        self._head = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head = None
        self._forget_late()
        super().on_headers_complete()
