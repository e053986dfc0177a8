"""Several databases that answer one statement: each its part, and what they answer is joined."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from time import monotonic

from penstock.engine.deadlines import Deadlines
from penstock.engine.duckdb.joining import Desk, Joining
from penstock.engine.federation.parts import Parts, Timing
from penstock.engine.fetching import Fetching
from penstock.engine.types import Engine
from penstock.sql.types import Statement


class Federation:
    """What joins is opened for the first statement that needs it, and closed with the last holder.

    All statements together take `memory` bytes at most; what they need beyond is on disk.
    """

    def __init__(self, engines: Mapping[str, Engine], *, memory: int, threads: int) -> None:
        self._engines = engines
        self._memory, self._threads = memory, threads
        self._lock = Lock()
        self._joining: Joining | None = None

    def run(self, statement: Statement, *, timeout: float) -> Fetching:
        """Return a statement about to run, as `Engine.run` does."""
        # One for each statement: nobody has to close it when the project does.
        timing = Timing(monotonic() + timeout, Deadlines())
        parts = Parts(self._desk, self._engines, statement, timing)
        running = Fetching(parts, statement, timing.deadlines)
        timing.deadlines.watch(running, timing.deadline)
        return running

    def _desk(self) -> Desk:
        with self._lock:
            if self._joining is None:
                self._joining = Joining(self._memory, self._threads)
            return self._joining.desk()
