"""One address for several servers: each connection goes to the first one that takes it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Sequence

_BYTES = 65_536


@contextlib.contextmanager
def forwarding(ports: Sequence[int]) -> Iterator[int]:
    """Give a port of this machine that leads to those, in this order."""
    started = threading.Event()
    forwarder = _Forwarder(tuple(ports), started)
    thread = threading.Thread(target=lambda: asyncio.run(forwarder.run()), daemon=True)
    thread.start()
    started.wait(10)
    try:
        yield forwarder.port
    finally:
        forwarder.stop()
        thread.join(10)


class _Forwarder:
    def __init__(self, ports: tuple[int, ...], started: threading.Event) -> None:
        self.port = 0
        self._ports = ports
        self._started = started
        self._end = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = int(server.sockets[0].getsockname()[1])
        self._started.set()
        await self._end.wait()
        server.close()
        for task in tuple(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def stop(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end.set)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._open.add(task)
            task.add_done_callback(self._open.discard)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._forward(reader, writer)
        writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for port in self._ports:
            try:
                there = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
            ways = [
                asyncio.ensure_future(_copy(reader, there[1])),
                asyncio.ensure_future(_copy(there[0], writer)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                there[1].close()
            return


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(_BYTES):
            writer.write(piece)
            await writer.drain()
