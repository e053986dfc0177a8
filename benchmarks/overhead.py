"""What Penstock adds to a small query: its time, less a bare handler's for the very same SQL."""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from operator import sub

from benchmarks.client import Answered, alternate
from benchmarks.effort import Effort
from benchmarks.floor import Floor, sql_request
from benchmarks.penstock_server import GUARDED, Penstock, Site, small_body, small_request
from benchmarks.questions import Topic
from benchmarks.report import Result
from penstock.local import As, Project

TARGET_MS = 0.6
WARM_UP = 20
STAGE = re.compile(r"([\w-]+);dur=([\d.]+)")


def measure_overhead(penstock: Penstock, topic: Topic, effort: Effort) -> Result:
    """Ask for a small grouped answer with a key and a row filter on, nothing cached."""
    site = penstock.site(topic)
    floor = Floor()
    with penstock.serve(topic, cached=False) as ours, floor.serve(topic, cached=False) as bare:
        question = small_request(topic, site, GUARDED)
        sql, values = compiled(topic, site)
        pair = ((ours.port, question), (bare.port, sql_request(sql, values)))
        alternate(*pair, times=WARM_UP)
        answers, floors = alternate(*pair, times=effort.turns)
    took, least = _times(answers), _times(floors)
    # Turn by turn: a burst of somebody else's work falls on both of a turn, or on few turns.
    added = statistics.median(map(sub, took, least))
    return Result(
        what=f"{topic.name}: small grouped query over HTTP, added to the same SQL (p50)",
        target=f"≤ {TARGET_MS} ms",
        measured=f"{added:.2f} ms",
        reached=added <= TARGET_MS,
        basis=(
            f"{statistics.median(took):.2f} ms against {statistics.median(least):.2f} ms, "
            f"{effort.turns} turns; "
            f"stages: {_stages(answers)}"
        ),
    )


def compiled(topic: Topic, site: Site) -> tuple[str, Sequence[object]]:
    """Return the SQL of the small question for the guarded key's holder, and its values."""
    caller = As((GUARDED,), {"allowed": tuple(topic.guard[1])})
    with Project(site.folder, as_=caller) as project:
        statement = project.ask(small_body(topic)).rows
    return statement.text, statement.parameters


def _times(answers: Sequence[Answered]) -> Sequence[float]:
    refused = next((one for one in answers if one.status != HTTPStatus.OK), None)
    if refused:
        raise RuntimeError(f"A small query was answered {refused.status}")
    return [one.took_ms for one in answers]


def _stages(answers: Sequence[Answered]) -> str:
    """Return the medians of what `Server-Timing` says, in milliseconds."""
    told: Sequence[Mapping[str, float]] = [
        {name: float(took) for name, took in STAGE.findall(one.headers.get("server-timing", ""))}
        for one in answers
    ]
    names = dict.fromkeys(name for one in told for name in one)
    medians = {name: statistics.median(one.get(name, 0.0) for one in told) for name in names}
    return ", ".join(f"{name} {took:.2f}" for name, took in medians.items()) or "not told"
