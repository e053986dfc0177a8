"""A request that was answered → a usage event, in the spool before the answer is out."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count
from time import time
from typing import Final

import msgspec

from penstock.events import Answered, Event, Interrupted
from penstock.usage.event import Source, UsageEvent
from penstock.usage.spool import Spool

OPERATION: Final = frozenset({"/livez", "/readyz", "/metrics"})
"""What is asked by whoever operates a node, not by its callers."""

_RANDOM_BYTES: Final = 8


class Identifiers:
    """Ids that sort by time, and are unique whatever the clock does.

    A time in milliseconds, this process's own random number, and a count.
    """

    def __init__(self, random: Callable[[int], bytes] = os.urandom) -> None:
        self._own = random(_RANDOM_BYTES).hex()
        self._count = count()

    def next(self, now: float) -> str:
        return f"{int(now * 1000):012x}{self._own}{next(self._count):08x}"


class Meter:
    """An observer of requests."""

    def __init__(self, source: Source, spool: Spool, clock: Callable[[], float] = time) -> None:
        self._source = source
        self._spool = spool
        self._clock = clock
        self._identifiers = Identifiers()
        self._encode = msgspec.json.Encoder().encode

    def __call__(self, event: Event) -> None:
        if isinstance(event, Answered):
            whole = True
        elif isinstance(event, Interrupted):
            whole = False
        else:
            return
        if event.route not in OPERATION:
            self._spool.append(self._encode(self._usage(event, whole=whole)))

    def _usage(self, event: Answered | Interrupted, *, whole: bool) -> UsageEvent:
        now, stages = self._clock(), event.stages
        return UsageEvent(
            id=self._identifiers.next(now),
            time=now,
            source=self._source,
            method=event.method,
            route=event.route,
            status=event.status,
            whole=whole,
            code=event.code,
            subject=event.subject,
            credential=event.credential,
            saved_query=event.saved_query,
            table=event.table,
            cache=event.cache,
            rows=event.rows,
            bytes=event.bytes,
            seconds=event.seconds,
            engine_ms=round(1000 * stages.get("database", 0.0), 3) if stages else 0.0,
            queue_ms=round(1000 * stages.get("queue", 0.0), 3) if stages else 0.0,
            trace=event.trace,
        )
