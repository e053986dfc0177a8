"""How much memory a server needs to stream millions of rows, over what it holds at rest."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.client import ask, download
from benchmarks.contender import Format
from benchmarks.effort import Effort
from benchmarks.penstock_server import FREE, Penstock, big_request, small_request
from benchmarks.questions import Topic
from benchmarks.report import Result
from benchmarks.resident import measure_added

TARGET_MB = 60


def measure_memory(topic: Topic, effort: Effort) -> Sequence[Result]:
    """Stream in each format, from a server started for it alone."""
    penstock = Penstock(settings={"limits": {"max_rows": effort.rows, "timeout": "120s"}})
    return [_measure_format(penstock, topic, form, effort.rows) for form in Format]


def _measure_format(penstock: Penstock, topic: Topic, form: Format, rows: int) -> Result:
    site = penstock.site(topic)
    request = big_request(topic, site, form, rows)
    sizes: list[int] = []
    with penstock.serve(topic, cached=True) as server:
        # At rest is after a first answer: libraries are loaded, the file's footer is read.
        ask(server.port, small_request(topic, site, FREE))
        added = measure_added(
            server.pid, lambda: sizes.append(download(server.port, request, times=1).size)
        )
    return Result(
        what=f"memory added by streaming {rows:,} rows: {form}",
        target=f"≤ {TARGET_MB} MB",
        measured="–" if added is None else f"{added:.0f} MB",
        reached=None if added is None else added <= TARGET_MB,
        basis=f"peak over rest, {sizes[0] / 1e6:,.0f} MB sent",
    )
