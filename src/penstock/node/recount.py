"""The tables of a running node, counted anew: when somebody asks for it, and on a schedule."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import time

from penstock.census import counts_of
from penstock.errors import PenstockError
from penstock.events import Refreshed, RefreshFailed
from penstock.model.types import Model
from penstock.node.node import Node
from penstock.project.recorded import read_versions, record_counts

_LOOK_EVERY = 1.0  # seconds between two looks at whether it is time


def recount(node: Node) -> Refreshed:
    """Count the tables, forget every answer, keep the counts. It takes a while: for a thread.

    Raises EngineError, UnavailableError, QueryTimeoutError, StateError.
    """
    serving = node.serving
    versions = read_versions(serving.engines)
    serving.pipeline = pipeline = serving.pipeline.recounted()
    serving.forget_documents()
    entries = node.cache.flush()
    counts = counts_of(pipeline.gate.model.tables)
    done = Refreshed(
        entries=entries,
        rows={name: count.rows for name, count in counts.items()},
        warnings=serving.warnings(),
    )
    node.observe(done)
    project = serving.project
    node.counts.write(project.name, record_counts(project, versions, counts))
    return done


def recount_everywhere(node: Node) -> tuple[Refreshed, bool]:
    """Count here, and have the API's other nodes do the same; whether they were told.

    Raises as `recount` does.
    """
    with node.counting:
        mark = node.fellows.ask()
        done = recount(node)
        node.refreshed = max(node.refreshed, mark or 0)
    return done, mark is not None


def is_due(model: Model, refresh: float, *, tried: float, now: float) -> bool:
    """Whether the oldest count is older than the project wants, and nobody has just tried.

    Times are in epoch seconds: what was counted before the node started is as old as it is.
    """
    oldest = min((table.counted or 0.0 for table in model.tables.values()), default=now)
    return refresh > 0 and now - max(oldest, tried) >= refresh


@contextmanager
def recounting(node: Node) -> Iterator[None]:
    """Count in a thread whenever it is time, as the project says, or when all nodes are to."""
    stop = threading.Event()
    thread = threading.Thread(
        target=_recount_forever, args=(node, stop), name="penstock-refresh", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=5)


def _recount_forever(node: Node, stop: threading.Event) -> None:
    tried = 0.0
    while not stop.wait(_LOOK_EVERY):
        with node.counting:
            serving, now, asked = node.serving, time(), node.fellows.asked()
            model, refresh = serving.pipeline.gate.model, serving.project.refresh
            if asked <= node.refreshed and not is_due(model, refresh, tried=tried, now=now):
                continue
            tried, node.refreshed = now, max(node.refreshed, asked)
            try:
                recount(node)
            except PenstockError as error:
                node.observe(RefreshFailed(reason=error.detail))
