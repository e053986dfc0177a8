"""A crowd that asks on kept connections, and counts every answer it gets or does not get."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PATIENCE = 30.0


@dataclass
class Count:
    """`told` is by status, or by what went wrong instead; `by_node` is who answered well."""

    told: Counter[str] = field(default_factory=Counter)
    by_node: Counter[str] = field(default_factory=Counter)

    @property
    def asked(self) -> int:
        return sum(self.told.values())

    @property
    def failed(self) -> int:
        return self.asked - self.told["200"]


@dataclass
class Crowd:
    """`connections` ask `path` over and over, `slow` others one that takes half a second."""

    port: int
    path: str
    connections: int = 24
    slow: int = 4
    count: Count = field(default_factory=Count)
    slowly: Count = field(default_factory=Count)
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        asyncio.run(self._run())

    def await_asked(self, requests: int) -> None:
        """Return once there were so many more answers."""
        goal = self.count.asked + requests
        end = time.monotonic() + PATIENCE
        while self.count.asked < goal and time.monotonic() < end:
            time.sleep(0.005)

    async def _run(self) -> None:
        quick = (self._ask("", self.count) for _ in range(self.connections))
        slow = (self._ask("slow?seconds=0.5", self.slowly) for _ in range(self.slow))
        await asyncio.gather(*quick, *slow)

    async def _ask(self, path: str, count: Count) -> None:
        wire = f"GET {self.path}{path} HTTP/1.1\r\nHost: here\r\n\r\n".encode()
        while not self.stopped.is_set():
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                count.told["no connection"] += 1
                await asyncio.sleep(0.01)
                continue
            try:
                await self._on(reader, writer, wire, count)
            except (OSError, EOFError):
                count.told["connection lost"] += 1
            except TimeoutError:
                count.told["no answer"] += 1
            finally:
                writer.close()

    async def _on(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        wire: bytes,
        count: Count,
    ) -> None:
        """Ask on one connection for as long as it is kept."""
        while not self.stopped.is_set():
            writer.write(wire)
            async with asyncio.timeout(PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
                size = head.lower().split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0]
                body = await reader.readexactly(int(size))
            count.told[head[9:12].decode()] += 1
            if body.startswith(b'{"node": "'):
                count.by_node[body[10:].split(b'"', 1)[0].decode()] += 1
            if b"connection: close" in head.lower():
                return


@contextmanager
def asking(crowd: Crowd) -> Iterator[Crowd]:
    """Let a crowd ask for as long as the block lasts; then every answer has come."""
    thread = threading.Thread(target=crowd.run)
    thread.start()
    try:
        yield crowd
    finally:
        crowd.stopped.set()
        thread.join(PATIENCE)
