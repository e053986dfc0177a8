"""Nodes -> what each of them uses, asked of their driver at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from penstock.deploy.types import NodeStats
from penstock.errors import PenstockError

_AT_ONCE = 16


@dataclass(slots=True)
class Measuring:
    """`stats` may take a while, of Docker a second; all of them together have `within` seconds.

    What comes too late is not told, and not asked for again before it has come.
    """

    stats: Callable[[str], NodeStats | None]
    within: float = 3.0
    _running: dict[str, Future[NodeStats | None]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pool: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="penstock-stats")

    def of(self, nodes: Iterable[str]) -> Mapping[str, NodeStats]:
        """Return the figures of those nodes that have some, and told them in time."""
        asked = {node: self._ask(node) for node in nodes}
        wait(asked.values(), timeout=self.within)
        found = {node: _told(future) for node, future in asked.items()}
        return {node: stats for node, stats in found.items() if stats is not None}

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _ask(self, node: str) -> Future[NodeStats | None]:
        with self._lock:
            running = self._running.get(node)
            if running is None or running.done():
                running = self._running[node] = self._pool.submit(self._measure, node)
            return running

    def _measure(self, node: str) -> NodeStats | None:
        try:
            return self.stats(node)
        finally:
            with self._lock:
                self._running.pop(node, None)


def _told(future: Future[NodeStats | None]) -> NodeStats | None:
    """Return what came; an engine that is away, or refuses, has told nothing."""
    if not future.done() or future.cancelled():
        return None
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, PenstockError):
        return None
    raise error
