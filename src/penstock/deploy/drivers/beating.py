"""A stream that blocks -> its chunks, and a sign of life while it is silent."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Final

BEAT: Final = 1.0  # seconds of silence after which whoever follows a log is given an empty line
_WAITING: Final = 64  # chunks that wait for a slow reader
_LOOK_EVERY: Final = 0.5
_ENDS_WITHIN: Final = 2.0


def beating(
    chunks: Iterable[bytes], end: Callable[[], None], every: float = BEAT
) -> Generator[bytes]:
    """Yield chunks as they come, and an empty one after each `every` seconds without any.

    So whoever reads has a moment to find that nobody listens any more. `end` breaks the stream off,
    from another thread than the one that waits for it. Raises what the stream raises.
    """
    ear = _Ear()
    listening = Thread(target=ear.listen, args=(chunks,), name="penstock-follow", daemon=True)
    listening.start()
    try:
        while (chunk := ear.next(every)) is not None:
            yield chunk
    finally:
        ear.left.set()
        end()
        listening.join(_ENDS_WITHIN)


class _Ear:
    """What one thread hears and another one takes, in order; None is the end."""

    def __init__(self) -> None:
        self.left = Event()
        self._heard: Queue[bytes | Exception | None] = Queue(_WAITING)

    def listen(self, chunks: Iterable[bytes]) -> None:
        try:
            for chunk in chunks:
                if chunk:
                    self._keep(chunk)
                if self.left.is_set():
                    return
        except Exception as error:  # noqa: BLE001 it is raised where the chunks are taken
            self._keep(error)
        else:
            self._keep(None)

    def next(self, within: float) -> bytes | None:
        """Return what came, nothing where nothing did."""
        try:
            piece = self._heard.get(timeout=within)
        except Empty:
            return b""
        if isinstance(piece, Exception):
            raise piece
        return piece

    def _keep(self, piece: bytes | Exception | None) -> None:
        """Wait for room, while somebody reads."""
        while not self.left.is_set():
            with suppress(Full):
                self._heard.put(piece, timeout=_LOOK_EVERY)
                return
