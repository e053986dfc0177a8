"""`python -m benchmarks [--quick]`: measure Penstock against its targets, in one run."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence

from rich.console import Console

from benchmarks.compile import measure_compile, measure_wide_compile
from benchmarks.containers import measure_containers
from benchmarks.deploying import measure_deploying
from benchmarks.effort import FULL, QUICK, Effort
from benchmarks.ending import end_on_signals
from benchmarks.federation import measure_federation
from benchmarks.gateway import measure_gateway
from benchmarks.http import measure_cached, measure_crowds, measure_downloads
from benchmarks.memory import measure_memory
from benchmarks.overhead import measure_overhead
from benchmarks.pace import measure_pace, tell_paces
from benchmarks.penstock_server import Penstock
from benchmarks.questions import flights, tpch
from benchmarks.report import Result, in_one_line, show, targets_table, write
from benchmarks.switching import measure_switching

LARGE_SCALE = 1
QUICK_SCALE = 0.1

Measure = Callable[[Effort], Iterable[Result]]


def main() -> None:
    arguments = _arguments()
    end_on_signals()
    effort = QUICK if arguments.quick else FULL
    chosen = arguments.only or list(MEASURES)
    results, paces = list[Result](), list[float]()
    for name in chosen:
        paces.append(measure_pace())
        results += _measured(name, effort)
    table = targets_table(results)
    show(table)
    if not (arguments.quick or arguments.only):
        write("targets", [table], tell_paces(paces))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short runs; docs stay as they are")
    parser.add_argument("--only", action="append", choices=list(MEASURES), help="this part alone")
    return parser.parse_args()


def _measured(name: str, effort: Effort) -> Sequence[Result]:
    """Run one part. One that breaks must not cost the figures of the others."""
    Console(stderr=True).print(f"measuring: {name} …", style="dim")
    try:
        return tuple(MEASURES[name](effort))
    except (OSError, RuntimeError, ValueError, LookupError) as error:
        return (
            Result(name, "–", "could not be measured", reached=False, basis=in_one_line(error)),
        )


def _overhead(effort: Effort) -> Iterable[Result]:
    return (measure_overhead(Penstock(), topic, effort) for topic in (tpch(), flights()))


def _cached(effort: Effort) -> Iterable[Result]:
    return [measure_cached(Penstock(), tpch(), effort)]


def _memory(effort: Effort) -> Iterable[Result]:
    return measure_memory(tpch(QUICK_SCALE if effort is QUICK else LARGE_SCALE), effort)


MEASURES: dict[str, Measure] = {
    "compile": lambda effort: [
        *measure_compile(Penstock(), tpch(), effort),
        *measure_wide_compile(effort),
    ],
    "federation": measure_federation,
    "overhead": _overhead,
    "cached": _cached,
    "gateway": lambda effort: [measure_gateway(Penstock(), flights(), effort)],
    "downloads": lambda effort: measure_downloads(Penstock(), tpch(), effort),
    "memory": _memory,
    "crowds": lambda effort: measure_crowds(Penstock(), tpch(), effort),
    "deploying": measure_deploying,
    "switching": measure_switching,
    "containers": measure_containers,
}


if __name__ == "__main__":
    main()
