"""The log of a service, followed until its node has ended: the swarm's own stream never ends."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from threading import Thread

from penstock.deploy.drivers.log_stream import LogStream

_LOOK_EVERY = 0.5
# Looks without a line: a task's log comes by way of the swarm's managers, after its end.
_LATE = 4


def follow_log(stream: LogStream, goes_on: Callable[[], bool]) -> Iterator[bytes]:
    """Yield chunks until the node has ended and its log is still."""
    chunks: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    reader = Thread(target=_read, args=(stream, chunks), daemon=True)
    reader.start()
    quiet = 0
    try:
        while quiet < _LATE:
            try:
                chunk = chunks.get(timeout=_LOOK_EVERY)
            except queue.Empty:
                quiet = 0 if goes_on() else quiet + 1
                continue
            if chunk is None:
                return
            yield chunk
    finally:
        stream.close()
        reader.join(_LOOK_EVERY)


def _read(stream: LogStream, chunks: queue.SimpleQueue[bytes | None]) -> None:
    try:
        for chunk in stream:
            chunks.put(chunk)
    except Exception:  # noqa: BLE001, S110 the connection was closed, by us or by the engine
        pass
    finally:
        chunks.put(None)
