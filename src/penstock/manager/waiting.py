"""Commits of this process, and of others -> whoever waits for a change."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from penstock.store.signals import Bell

LOOK_SECONDS = 0.5  # how often those who wait look for what other processes wrote


class Wakeful:
    """Wakes all who wait: at once after a commit here, else when it is time to look again.

    `start` and `stop` are called in the event loop, which it lives in.
    """

    def __init__(self, bell: Bell, *, look: float = LOOK_SECONDS) -> None:
        self.stopping = False
        self._bell = bell
        self.look = look
        self._changed = asyncio.Event()
        self._unlisten: Callable[[], None] | None = None

    def start(self) -> None:
        loop = asyncio.get_running_loop()

        def ring() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._wake)

        self._unlisten = self._bell.listen(ring)

    def stop(self) -> None:
        """Send home all who wait: a server that stops does not wait for them."""
        self.stopping = True
        if self._unlisten is not None:
            self._unlisten()
            self._unlisten = None
        self._wake()

    def waiter(self) -> asyncio.Event:
        """Return what is set at the next change: take it, look, then wait `until` it."""
        return self._changed

    async def until(self, changed: asyncio.Event, seconds: float) -> bool:
        """Return when something may have changed; false when the manager stops."""
        if not self.stopping:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), min(seconds, self.look))
        return not self.stopping

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
