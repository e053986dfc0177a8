"""A log as the engine sends it: frames of both outputs -> chunks of text."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from docker.api.client import APIClient
from docker.errors import NotFound
from docker.types.daemon import CancellableStream

_HEADER = 8
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Asked:
    """`place` is whose log it is, `containers/<id>` or `services/<id>`."""

    place: str
    tail: int | None
    follow: bool


class Frames:
    """Cuts what the engine sends into what the node wrote: 4 bytes, a length, the text."""

    def __init__(self) -> None:
        self._rest = b""

    def add(self, chunk: bytes) -> Iterator[bytes]:
        self._rest += chunk
        while len(self._rest) >= _HEADER:
            end = _HEADER + int.from_bytes(self._rest[4:_HEADER])
            if len(self._rest) < end:
                return
            yield self._rest[_HEADER:end]
            self._rest = self._rest[end:]


class LogStream:
    """Not docker-py's: those leave their sockets open, or cannot be ended while they wait."""

    def __init__(self, api: APIClient, asked: Asked) -> None:
        """Raise docker's errors."""
        self._response = api.get(
            f"{api.base_url}/v{api.api_version}/{asked.place}/logs",
            params={
                "stdout": "1",
                "stderr": "1",
                "follow": "1" if asked.follow else "0",
                "tail": "all" if asked.tail is None else str(asked.tail),
            },
            stream=True,
            timeout=None,
        )
        if not self._response.ok:
            self._response.close()
        if self._response.status_code == _NOT_FOUND:
            raise NotFound(asked.place)
        self._response.raise_for_status()

    def __iter__(self) -> Iterator[bytes]:
        frames = Frames()
        for chunk in self._response.iter_content(None):
            yield from frames.add(chunk)

    def close(self) -> None:
        """End it, from another thread too: who waits for a chunk finds that it was the last."""
        with contextlib.suppress(Exception):  # closed already, by whichever side
            CancellableStream(iter(()), self._response).close()
        with contextlib.suppress(Exception):
            self._response.close()
