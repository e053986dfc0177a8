"""A response that is whole already → one write of the server's, head and body together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from re import compile as pattern
from typing import Final

from asgiref.typing import HTTPScope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

Header = tuple[bytes, bytes]

SendWhole = Callable[[int, Sequence[Header], bytes], Awaitable[None]]

_EXTENSION: Final = "penstock.whole"
_LONGEST: Final = 8192  # bytes: what was worded is remembered, so nobody may fill the memory
_CONTROL: Final = pattern(rb"[\x00-\x08\x0a-\x1f\x7f]")


def offer_whole(cycle: RequestResponseCycle) -> None:
    """Let the application answer a request at once; it finds this in the request's scope.

    By ASGI's two messages the server looks at each header thrice and writes twice. Of a kept answer
    that was a third of the time.
    """
    cycle.scope["extensions"] = {_EXTENSION: _WholeResponse(cycle)}  # type: ignore[dict-item] # ours, not of ASGI


def whole_sender(scope: HTTPScope) -> SendWhole | None:
    """Return what answers a request at once, None where another server runs the application."""
    return (scope.get("extensions") or {}).get(_EXTENSION)  # type: ignore[return-value] # by its name


@lru_cache(maxsize=4096)
def word_header(name: bytes, value: bytes) -> bytes:
    """Return a header as it is sent; most are sent often."""
    if len(value) > _LONGEST:
        raise ValueError("A header's value is longer than any should be.")
    if _CONTROL.search(value):
        raise ValueError("A header's value holds a control character.")
    return b"%b: %b\r\n" % (name, value)


class _WholeResponse:
    __slots__ = ("_cycle",)

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle

    async def __call__(self, status: int, headers: Sequence[Header], body: bytes) -> None:
        """Send a response: its headers with names in lower case, the content's length among them.

        Raises ValueError if a header's value holds a line's end: it would begin another header.
        """
        cycle = self._cycle
        if cycle.flow.write_paused and not cycle.disconnected:
            await cycle.flow.drain()
        if cycle.disconnected:
            return
        parts = [STATUS_LINE[status], *[word_header(*header) for header in cycle.default_headers]]
        parts += [word_header(*header) for header in headers]
        if not cycle.keep_alive:
            parts.append(b"connection: close\r\n")
        parts += (b"\r\n", body)
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.transport.write(b"".join(parts))
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
