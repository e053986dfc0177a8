"""Builds, places and nodes -> what happens there, piece by piece."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import CancelledError
from typing import Final

import msgspec

from penstock.errors import PenstockError
from penstock.manager.routes import Call
from penstock.manager.waiting import Wakeful
from penstock.store import builds
from penstock.store.builds import BuildLogRepository, BuildRecord, LogLine
from penstock.store.rollouts import JournalEntry, RolloutRepository
from penstock.store.unit import looking

HEARTBEAT: Final = 15.0  # seconds of silence after which a comment shows that somebody is there
_BATCH: Final = 500
_WAITING: Final = 1000  # lines of a node that wait for a slow reader

_encode = msgspec.json.Encoder().encode


def event(kind: str, data: bytes, sequence: int | None = None) -> bytes:
    """Word a server-sent event; `data` is JSON, and so of one line."""
    number = b"" if sequence is None else b"id: %d\n" % sequence
    return b"%bevent: %b\ndata: %b\n\n" % (number, kind.encode(), data)


async def follow_build(call: Call, wakeful: Wakeful) -> AsyncIterator[bytes]:
    """Yield lines as `line` events, then the build as an `end` event."""
    after = _last_seen(call)
    silent = 0.0
    while True:
        changed = wakeful.waiter()
        build, lines = await asyncio.to_thread(_lines, call, after)
        for line in lines:
            after = line.sequence
            yield event("line", _encode(line), line.sequence)
        if not lines and build.status.ended:
            yield event("end", _encode(build))
            return
        silent = 0.0 if lines else silent + wakeful.look
        if silent >= HEARTBEAT:
            silent = 0.0
            yield b": still here\n\n"
        if len(lines) < _BATCH and not await wakeful.until(changed, HEARTBEAT):
            return


def _lines(call: Call, after: int) -> tuple[BuildRecord, tuple[LogLine, ...]]:
    """Look at the build first: lines that came before it ended are then all there."""
    with looking(call.context.database) as look:
        build = builds.get(look, call.ids["build_id"])
    repository = BuildLogRepository(call.context.database)
    return build, repository.lines(build.id, after, _BATCH)


async def follow_journal(call: Call, wakeful: Wakeful) -> AsyncIterator[bytes]:
    """Yield entries as `entry` events, until the reader leaves or the manager stops."""
    after = _last_seen(call)
    silent = 0.0
    while True:
        changed = wakeful.waiter()
        entries = await asyncio.to_thread(_entries, call, after)
        for one in entries:
            after = one.sequence
            body = b'{"sequence":%d,"time":%s,"entry":%b}'
            yield event("entry", body % (one.sequence, _encode(one.time), one.entry), after)
        silent = 0.0 if entries else silent + wakeful.look
        if silent >= HEARTBEAT:
            silent = 0.0
            yield b": still here\n\n"
        if len(entries) < _BATCH and not await wakeful.until(changed, HEARTBEAT):
            yield event("end", b"{}")
            return


def _entries(call: Call, after: int) -> tuple[JournalEntry, ...]:
    return RolloutRepository(call.context.database).journal(call.place, after, _BATCH)


async def follow_node(
    call: Call, wakeful: Wakeful, *, tail: int | None, follow: bool
) -> AsyncIterator[bytes]:
    """Yield lines of a node's log; a thread of its own waits for them."""
    node = call.ids["node_id"]
    reader = _Reader(lambda: call.context.desk.logs(node, tail=tail, follow=follow))
    reader.start()
    try:
        while not wakeful.stopping:
            lines, ended = await reader.take()
            if lines:
                yield b"".join(line + b"\n" for line in lines)
            if ended:
                return
    finally:
        reader.stop()


class _Reader:
    """Reads an iterator that blocks, in a thread, into a queue of bounded length."""

    def __init__(self, open_: Callable[[], Iterator[bytes]]) -> None:
        self._open = open_
        self._loop = asyncio.get_running_loop()
        self._lines: asyncio.Queue[bytes | None] = asyncio.Queue(_WAITING)
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._read, name="penstock-logs", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let the thread end: at its next line, or when the desk next yields an empty one."""
        self._left.set()

    async def take(self) -> tuple[list[bytes], bool]:
        """Return the lines that are there, after half a second at most, and whether it is over."""
        found: list[bytes] = []
        try:
            line = await asyncio.wait_for(self._lines.get(), 0.5)
            while line is not None:
                if line:
                    found.append(line)
                line = self._lines.get_nowait()
        except (TimeoutError, asyncio.QueueEmpty):
            return found, False
        return found, True

    def _read(self) -> None:
        lines: Iterator[bytes] = iter(())
        try:
            lines = self._open()
            for line in lines:
                if not self._put(line):
                    return
        except PenstockError as error:
            self._put(f"error: {error.detail} [{error.code}]".encode())
        finally:
            close = getattr(lines, "close", None)
            if close is not None:
                close()
            self._put(None)

    def _put(self, line: bytes | None) -> bool:
        """Wait for room, while somebody reads."""
        while not self._left.is_set():
            if self._loop.is_closed():
                return False
            putting = asyncio.run_coroutine_threadsafe(self._lines.put(line), self._loop)
            try:
                putting.result(timeout=1.0)
            except (TimeoutError, CancelledError):
                putting.cancel()
            else:
                return True
        return False


def _last_seen(call: Call) -> int:
    """Return where to go on: what the browser saw last, or what was asked for."""
    seen = call.last_event
    if seen is not None and seen.isascii() and seen.isdigit():
        return int(seen[:18])
    after = getattr(call.query, "after", 0)
    return after if isinstance(after, int) else 0
