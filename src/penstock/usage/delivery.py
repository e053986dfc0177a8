"""The spool → the manager: at least once, in batches, with patience."""

from __future__ import annotations

import threading
from collections.abc import Callable
from random import random
from time import monotonic
from typing import Final

from penstock.errors import ManagementError, ManagerUnreachableError
from penstock.events import Event, UsageKept, UsageRefused
from penstock.usage.spool import Batch, Spool

Post = Callable[[bytes], None]
"""Delivers lines of events. Raises ManagerUnreachableError to be asked again, and another
ManagementError for what will never be taken."""

_EVERY: Final = 1.0  # seconds between two looks, two synchronisations
_SHORTEST, _LONGEST = 0.2, 5.0  # seconds between two attempts that fail


class Delivery:
    """Two threads: one delivers, the other synchronises, which must not wait for the manager."""

    def __init__(self, spool: Spool, post: Post, notice: Callable[[Event], None]) -> None:
        self._spool = spool
        self._post = post
        self._notice = notice
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._deliver, name="penstock-usage", daemon=True),
            threading.Thread(target=self._synchronise, name="penstock-usage-sync", daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, grace: float) -> None:
        """Deliver what is there within `grace` seconds; the rest stays on disk."""
        ends = monotonic() + grace
        self._stopping.set()
        for thread in self._threads:
            thread.join(max(0.0, ends - monotonic()))
        while monotonic() < ends and (batch := self._spool.oldest()) is not None:
            if not self._attempt(batch):
                break
        left = self._spool.waiting
        if left or self._spool.held:
            self._notice(UsageKept(bytes=left, held=self._spool.held))

    def _deliver(self) -> None:
        failures = 0
        while not self._stopping.wait(_pause(failures)):
            batch = self._spool.oldest()
            while batch is not None and not self._stopping.is_set():
                if not self._attempt(batch):
                    failures += 1
                    break
                failures = 0
                batch = self._spool.oldest(closed=True)

    def _attempt(self, batch: Batch) -> bool:
        """Return whether the batch is dealt with."""
        try:
            self._post(batch.body)
        except ManagerUnreachableError:
            return False
        except ManagementError as error:
            self._spool.refuse(batch)
            self._notice(UsageRefused(events=len(batch.lines), reason=error.detail))
            return True
        self._spool.confirm(batch)
        return True

    def _synchronise(self) -> None:
        while not self._stopping.wait(_EVERY):
            self._spool.sync()


def _pause(failures: int) -> float:
    """Return how long to wait, in seconds; apart from each other, so that nodes do not gather."""
    if not failures:
        return _EVERY
    longest = min(_LONGEST, _SHORTEST * 2.0 ** min(failures, 10))
    return longest * (0.5 + random() / 2)  # noqa: S311 - it spreads load, it guards nothing
