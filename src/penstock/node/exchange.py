"""One HTTP request and its response, on bare ASGI: the hot path has no room for more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import getrandbits
from re import compile as pattern
from typing import Final
from urllib.parse import parse_qsl, unquote

from litestar.types import HTTPScope, Receive, Send

from penstock.errors import (
    QueryCancelledError,
    TooLargeError,
    UnsupportedEncodingError,
)

Header = tuple[bytes, bytes]

_TRACEPARENT: Final = pattern(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(slots=True)
class Exchange:
    """A request being answered. `sent` counts body bytes; `started` that a status went out."""

    scope: HTTPScope
    receive: Receive
    send: Send
    headers: dict[bytes, bytes] = field(init=False)
    path: str = field(init=False)
    trace: str = field(init=False)
    status: int = 0
    sent: int = 0

    def __post_init__(self) -> None:
        self.headers = dict(self.scope["headers"])
        # A mounted application is given a shortened path, so the address is read where it is whole.
        path = self.scope["raw_path"].decode("latin-1")
        self.path = unquote(path) if "%" in path else path
        self.trace = _continued(self.headers.get(b"traceparent"))

    @property
    def method(self) -> str:
        return str(self.scope["method"])

    @property
    def started(self) -> bool:
        return self.status != 0

    def parameters(self) -> list[tuple[str, str]]:
        """Return the query string's parameters in order; a name may be repeated."""
        raw = self.scope["query_string"]
        return parse_qsl(raw.decode("latin-1"), keep_blank_values=True) if raw else []

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
            {"type": "http.response.start", "status": status, "headers": [*headers, trace]}
        )

    async def write(self, chunk: bytes, *, more: bool) -> None:
        self.sent += len(chunk)
        await self.send({"type": "http.response.body", "body": chunk, "more_body": more})

    async def respond(self, status: int, headers: Sequence[Header], body: bytes) -> None:
        """Send a whole response. A HEAD request gets the headers only."""
        length = (b"content-length", str(len(body)).encode())
        await self.start(status, [*headers, length])
        await self.write(b"" if self.method == "HEAD" else body, more=False)

    async def not_modified(self, headers: Sequence[Header]) -> None:
        await self.start(304, headers)
        await self.write(b"", more=False)


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(
        f"The body is larger than the {limit} bytes that are accepted.",
        hint="Shorten the lists of values, or ask several queries.",
    )


def _continued(traceparent: bytes | None) -> str:
    """Return our own span of the caller's trace (W3C trace context), or of a new one."""
    span = f"{getrandbits(64) | 1:016x}"
    if traceparent is not None and _TRACEPARENT.fullmatch(traceparent):
        return f"{traceparent[:36].decode()}{span}{traceparent[52:].decode()}"
    return f"00-{getrandbits(128) | 1:032x}-{span}-01"
