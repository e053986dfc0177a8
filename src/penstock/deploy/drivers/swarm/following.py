"""The log of a service, followed until its node has ended: the swarm's own stream never ends."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing

from penstock.deploy.drivers.beating import beating
from penstock.deploy.drivers.log_stream import LogStream

_LOOK_EVERY = 0.5
# Looks without a line: a task's log comes by way of the swarm's managers, after its end.
_LATE = 4


def follow_log(stream: LogStream, goes_on: Callable[[], bool]) -> Iterator[bytes]:
    """Yield chunks, empty ones in between, until the node has ended and its log is still."""
    quiet = 0
    with closing(_until_it_breaks(stream)) as chunks:
        for chunk in chunks:
            yield chunk
            if not chunk:
                quiet = 0 if goes_on() else quiet + 1
            if quiet == _LATE:
                return


def _until_it_breaks(stream: LogStream) -> Generator[bytes]:
    try:
        yield from beating(stream, stream.close, _LOOK_EVERY)
    except Exception:  # noqa: BLE001 the connection was closed, by us or by the engine
        return
