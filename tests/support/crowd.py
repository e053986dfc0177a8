"""Callers on kept connections who count every answer, while something happens to what answers."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_END = b"\r\n\r\n"
_PATIENCE = 60.0
OK = 200


@dataclass(frozen=True, slots=True)
class Question:
    """What a caller asks over and over; `pause` in seconds between two."""

    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    pause: float = 0.0

    def encode(self) -> bytes:
        method = "POST" if self.body else "GET"
        headers = {"Host": "127.0.0.1", **self.headers}
        if self.body:
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(self.body))}
        lines = (f"{name}: {value}" for name, value in headers.items())
        head = "\r\n".join((f"{method} {self.path} HTTP/1.1", *lines))
        return head.encode() + _END + self.body


@dataclass(slots=True)
class Tally:
    """What callers were told: answers by status, and broken requests by what broke them.

    `moments` has when each failure was (monotonic seconds) and what it was; `longest` in seconds.
    """

    told: Counter[str] = field(default_factory=Counter)
    moments: list[tuple[float, str]] = field(default_factory=list)
    longest: float = 0.0

    @property
    def asked(self) -> int:
        return self.told.total()

    @property
    def failed(self) -> int:
        return self.asked - self.told[str(OK)]

    def note(self, outcome: str, seconds: float) -> None:
        self.told[outcome] += 1
        self.longest = max(self.longest, seconds)
        if outcome != str(OK):
            self.moments.append((time.monotonic(), outcome))


@dataclass(slots=True)
class Crowd:
    """Ask with so many callers from `with` to its end; at most `most` times in all."""

    port: int
    question: Question
    callers: int = 8
    most: int = 1_000_000
    tally: Tally = field(default_factory=Tally)
    _stop: threading.Event = field(default_factory=threading.Event)
    host: str = "127.0.0.1"

    def ask(self) -> None:
        asyncio.run(self._ask())

    def stop(self) -> None:
        self._stop.set()

    async def _ask(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(self.callers):
                group.create_task(self._caller())

    def _goes_on(self) -> bool:
        return not self._stop.is_set() and self.tally.asked < self.most

    async def _caller(self) -> None:
        wire = self.question.encode()
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while self._goes_on():
            began = time.monotonic()
            try:
                async with asyncio.timeout(_PATIENCE):
                    if streams is None:
                        streams = await asyncio.open_connection(self.host, self.port)
                    status, kept = await _exchange(*streams, wire)
                outcome = str(status)
            except (OSError, EOFError, asyncio.IncompleteReadError, TimeoutError) as error:
                outcome, kept = type(error).__name__, False
            self.tally.note(outcome, time.monotonic() - began)
            if not kept and streams is not None:
                streams[1].close()
                streams = None
            if self.question.pause or outcome != str(OK):
                await asyncio.sleep(self.question.pause or 0.01)
        if streams is not None:
            streams[1].close()


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wire: bytes
) -> tuple[int, bool]:
    """Send a request and read its whole answer: its status, and whether the connection stays."""
    writer.write(wire)
    await writer.drain()
    head = (await reader.readuntil(_END)).decode("latin-1").lower()
    status = int(head.split(" ", 2)[1])
    fields = {
        name.strip(): value.strip()
        for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:] if line)
    }
    if "chunked" in fields.get("transfer-encoding", ""):
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    else:
        await reader.readexactly(int(fields.get("content-length", "0")))
    return status, fields.get("connection") != "close"


@contextlib.contextmanager
def asking(*crowds: Crowd) -> Iterator[None]:
    """Let crowds ask meanwhile; what they count is whole at the end."""
    threads = [threading.Thread(target=crowd.ask, daemon=True) for crowd in crowds]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for crowd in crowds:
            crowd.stop()
        for thread in threads:
            thread.join(timeout=_PATIENCE + 5)
