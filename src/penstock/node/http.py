"""An application → a server that stops without failing anybody."""

from __future__ import annotations

import logging
import math
import signal
from dataclasses import dataclass
from time import monotonic
from types import FrameType

import uvicorn
from asgiref.typing import ASGI3Application

from penstock.node.protocol import BoundedProtocol, Draining


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a server stops, in seconds.

    For `notice` it goes on answering, and asks everybody to leave: a request that is on its way
    already is answered too. For `patience` it waits for what runs.
    """

    notice: float = 0.0
    patience: float = 30.0


class GracefulServer(uvicorn.Server):
    """Ends at the first SIGTERM or SIGINT; a second one ends the notice."""

    def __init__(self, app: ASGI3Application, draining: Draining, ending: Ending) -> None:
        # What the library would log as text is either noise or noticed as an event.
        logging.getLogger("uvicorn.error").disabled = True
        super().__init__(
            uvicorn.Config(
                app,
                http=_protocol(draining),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=math.ceil(ending.patience),
            )
        )
        self._draining = draining
        self._notice = ending.notice
        self._ends: float | None = None
        # The server raises a signal that stopped it once more; then too it means this.
        for stop in (signal.SIGINT, signal.SIGTERM):
            signal.signal(stop, self.handle_exit)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        is_first = self._ends is None
        self._draining.has_begun = True
        if is_first:
            self._ends = monotonic() + self._notice
            for connection in list(self.server_state.connections):
                if isinstance(connection, BoundedProtocol):
                    connection.end_soon()
        if not is_first or not self._notice:
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        if self._ends is not None and monotonic() >= self._ends:
            self.should_exit = True
        return await super().on_tick(counter)


def _protocol(draining: Draining) -> type[BoundedProtocol]:
    class Protocol(BoundedProtocol):
        pass

    Protocol.draining = draining
    return Protocol
