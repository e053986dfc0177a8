"""One HTTP request and its response, on bare ASGI: the hot path has no room for more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from random import getrandbits
from re import compile as pattern
from typing import Final
from urllib.parse import parse_qsl

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope

from penstock.errors import (
    QueryCancelledError,
    TooLargeError,
    UnsupportedEncodingError,
)
from penstock.node.whole import Header, whole_sender

_SHORT: Final = 256  # bytes: what was read is remembered, so nobody may fill the memory
_NEVER_ZERO: Final = 1 << 64 | 1  # neither the trace, 128 bits, nor the span, 64
_TRACEPARENT: Final = pattern(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(slots=True)
class Exchange:
    """A request being answered. `sent` counts body bytes; `started` that a status went out."""

    scope: HTTPScope
    receive: ASGIReceiveCallable
    send: ASGISendCallable
    headers: dict[bytes, bytes] = field(init=False)
    method: str = field(init=False)
    path: str = field(init=False)
    trace: str = field(init=False)
    status: int = 0
    sent: int = 0

    def __post_init__(self) -> None:
        self.headers = dict(self.scope["headers"])
        self.method = str(self.scope["method"])
        self.path = self.scope["path"]
        self.trace = _continued(self.headers.get(b"traceparent"))

    @property
    def started(self) -> bool:
        return self.status != 0

    def parameters(self) -> tuple[tuple[str, str], ...]:
        """Return the query string's parameters in order; a name may be repeated."""
        return _pairs(self.scope["query_string"])

    async def body(self, limit: int) -> bytes:
        """Return the request's body, refusing it as soon as it is larger than `limit` bytes."""
        announced = self.headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > limit:
            raise _too_large(limit)
        if self.headers.get(b"content-encoding", b"identity") != b"identity":
            raise UnsupportedEncodingError(
                "The body is compressed, which is not read here.",
                hint="Send it without Content-Encoding.",
            )
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await self.receive()
            if message["type"] != "http.request":
                raise QueryCancelledError("The caller left before the request was whole.")
            chunk = message["body"]
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            chunks.append(chunk)
            if not message["more_body"]:
                return b"".join(chunks) if len(chunks) > 1 else chunk

    async def left(self) -> None:
        """Wait until the caller has gone away."""
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def start(self, status: int, headers: Iterable[Header]) -> None:
        self.status = status
        trace = (b"traceparent", self.trace.encode())
        await self.send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [*headers, trace],
                "trailers": False,
            }
        )

    async def write(self, chunk: bytes, *, more: bool) -> None:
        self.sent += len(chunk)
        await self.send({"type": "http.response.body", "body": chunk, "more_body": more})

    async def respond(self, status: int, headers: Sequence[Header], body: bytes) -> None:
        """Send a whole response. A HEAD request gets the headers only."""
        length = (b"content-length", b"%d" % len(body))
        await self._send_whole(status, (*headers, length), b"" if self.method == "HEAD" else body)

    async def not_modified(self, headers: Sequence[Header]) -> None:
        await self._send_whole(304, headers, b"")

    async def _send_whole(self, status: int, headers: Sequence[Header], body: bytes) -> None:
        send = whole_sender(self.scope)
        if send is None:
            await self.start(status, headers)
            await self.write(body, more=False)
            return
        self.status, self.sent = status, len(body)
        await send(status, (*headers, (b"traceparent", self.trace.encode())), body)


def _pairs(query_string: bytes) -> tuple[tuple[str, str], ...]:
    if not query_string:
        return ()
    return _few_pairs(query_string) if len(query_string) <= _SHORT else _read(query_string)


def _read(query_string: bytes) -> tuple[tuple[str, str], ...]:
    return tuple(parse_qsl(query_string.decode("latin-1"), keep_blank_values=True))


_few_pairs = lru_cache(maxsize=1024)(_read)


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(
        f"The body is larger than the {limit} bytes that are accepted.",
        hint="Shorten the lists of values, or ask several queries.",
    )


def _continued(traceparent: bytes | None) -> str:
    """Return our own span of the caller's trace (W3C trace context), or of a new one."""
    ids = f"{getrandbits(192) | _NEVER_ZERO:048x}"
    if traceparent is not None and _TRACEPARENT.fullmatch(traceparent):
        return f"{traceparent[:36].decode()}{ids[32:]}{traceparent[52:].decode()}"
    return f"00-{ids[:32]}-{ids[32:]}-01"
