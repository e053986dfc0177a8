"""`python -m benchmarks.peers [--quick] [--only NAME]`: everybody, the same two questions."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rich.console import Console

from benchmarks.contender import Contender, Format
from benchmarks.contest import FEW, MANY, Outcome, contest
from benchmarks.effort import FULL, QUICK, Effort
from benchmarks.ending import end_on_signals
from benchmarks.floor import Floor
from benchmarks.peers.boring import Boring
from benchmarks.peers.datasette import Datasette
from benchmarks.peers.roapi import Roapi
from benchmarks.peers.sidemantic import Sidemantic
from benchmarks.penstock_server import Penstock
from benchmarks.questions import Topic, flights, tpch
from benchmarks.report import Table, show, write

CONTENDERS: Sequence[Contender] = (
    Penstock(),
    Floor(),
    Roapi(),
    Sidemantic(),
    Boring(),
    Datasette(),
)
COLUMNS = (
    "server",
    "small: requests/s, p50 (1 client)",
    f"small: requests/s ({FEW} clients)",
    f"small, cached: requests/s ({FEW} clients)",
    "big JSON: all, first byte",
    "big CSV",
    "big Arrow",
    "memory added by big JSON",
    f"{MANY} clients at once",
    "remarks",
)


def main() -> None:
    arguments = _arguments()
    end_on_signals()
    effort = QUICK if arguments.quick else FULL
    chosen = [one for one in CONTENDERS if not arguments.only or one.name in arguments.only]
    tables = []
    for topic in (tpch(), flights()):
        outcomes = [_measured(contender, topic, effort) for contender in chosen]
        tables.append(Table(f"Peers on {topic.name}", COLUMNS, [_row(one) for one in outcomes]))
        show(tables[-1])
    if not (arguments.quick or arguments.only):
        write("peers", tables)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-peers", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short runs; docs stay as they are")
    names = [contender.name for contender in CONTENDERS]
    parser.add_argument("--only", action="append", choices=names, help="this server alone")
    return parser.parse_args()


def _measured(contender: Contender, topic: Topic, effort: Effort) -> Outcome:
    Console(stderr=True).print(f"measuring: {contender.name} on {topic.name} …", style="dim")
    return contest(contender, topic, effort)


def _row(outcome: Outcome) -> Sequence[str]:
    alone, few, cached = outcome.alone, outcome.few, outcome.cached
    downloads = outcome.downloads
    as_json = downloads.get(Format.JSON)
    return (
        f"{outcome.name} {outcome.version}",
        f"{alone.rate:,.0f}/s, {alone.p50_ms:.1f} ms" if alone else "–",
        f"{few.rate:,.0f}/s" + _failures(few.failures) if few else "–",
        f"{cached.rate:,.0f}/s" + _failures(cached.failures) if cached else "–",
        f"{as_json.total_ms:,.0f} ms, {as_json.first_ms:,.0f} ms" if as_json else "–",
        *(
            f"{downloads[form].total_ms:,.0f} ms" if form in downloads else "–"
            for form in (Format.CSV, Format.ARROW)
        ),
        f"{outcome.added_mb:,.0f} MB" if outcome.added_mb is not None else "–",
        ", ".join(f"{count:,} × {told}" for told, count in outcome.many.most_common()) or "–",
        "; ".join((outcome.remark, *(f"✗ {fault}" for fault in outcome.faults))),
    )


def _failures(count: int) -> str:
    return f", {count:,} failed" if count else ""


if __name__ == "__main__":
    main()
