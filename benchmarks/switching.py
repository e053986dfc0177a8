"""Whether callers notice a switch, a rollback, or another size: every answer is counted."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.effort import QUICK, Effort
from benchmarks.report import Result
from benchmarks.stacks import Site, standing
from support.crowd import Crowd, Tally, asking

CALLERS, SLOW_CALLERS = 64, 2
FEWEST = 50_000
FEWEST_QUICK = 2_000
LONGEST = 110.0  # seconds: whatever was counted by then has to do
WHAT = "switch, rollback and scale, asked by 64 kept connections and by slow questions"


@dataclass(slots=True)
class Count:
    """How often something was done, and what callers were told meanwhile."""

    times: int = 0
    asked: int = 0
    failed: int = 0


def measure_switching(effort: Effort) -> Sequence[Result]:
    """Do it with nodes that are processes."""
    with standing() as site:
        return [count_answers(site, effort, "processes")]


def count_answers(site: Site, effort: Effort, where: str) -> Result:
    """Change what serves, again and again, until enough answers are counted."""
    site.deploy("one", "--nodes", "2")
    site.make_key()
    site.deploy("two")
    fewest = FEWEST_QUICK if effort is QUICK else FEWEST
    quick = Crowd(site.stack.port, site.question(), callers=CALLERS)
    slow = Crowd(site.stack.port, site.slow_question(), callers=SLOW_CALLERS)
    tallies = (quick.tally, slow.tally)
    counts: dict[str, Count] = {}
    begun = time.monotonic()
    with asking(quick, slow):
        while _seen(tallies)[0] < fewest and time.monotonic() - begun < LONGEST:
            for name, change in _changes(site):
                asked, failed = _seen(tallies)
                change()
                now = _seen(tallies)
                count = counts.setdefault(name, Count())
                count.times += 1
                count.asked += now[0] - asked
                count.failed += now[1] - failed
    return _result(where, tallies, counts, fewest)


def _changes(site: Site) -> Sequence[tuple[str, Callable[[], object]]]:
    """Return what is done, over and over: at its end all is as it was."""
    return (
        ("switch", lambda: site.deploy("one")),
        ("rollback", lambda: site.run("rollback")),
        ("scale", lambda: site.run("scale", "--nodes", "3")),
        ("scale", lambda: site.run("scale", "--nodes", "2")),
    )


def _seen(tallies: Sequence[Tally]) -> tuple[int, int]:
    return sum(tally.asked for tally in tallies), sum(tally.failed for tally in tallies)


def _result(
    where: str, tallies: Sequence[Tally], counts: Mapping[str, Count], fewest: int
) -> Result:
    asked, failed = _seen(tallies)
    broken = Counter(outcome for tally in tallies for _, outcome in tally.moments)
    reasons = ", ".join(f"{count} × {outcome}" for outcome, count in broken.most_common(4))
    done = "; ".join(
        f"{count.times} × {name}: {count.failed} failed of {count.asked:,}"
        for name, count in counts.items()
    )
    slow, longest = tallies[1], max(tally.longest for tally in tallies)
    return Result(
        what=f"{WHAT}: {where}",
        target=f"0 failed of ≥ {FEWEST:,}",
        measured=f"{failed} failed of {asked:,}" + (f" ({reasons})" if reasons else ""),
        reached=_reached(asked, failed, fewest),
        basis=f"{done}; {slow.asked} slow ones, the longest answer {longest:.1f} s",
    )


def _reached(asked: int, failed: int, fewest: int) -> bool | None:
    """Return None for a short run without failures: it can only show that the target is missed."""
    if failed or fewest == FEWEST:
        return failed == 0 and asked >= FEWEST
    return None
