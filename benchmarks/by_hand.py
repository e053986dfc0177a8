"""`python -m benchmarks.by_hand ENGINE`: the SQL we generate against SQL written by hand.

The questions are those of the oracle suite, TPC-H's at scale 1, both statements run by the same
engine of ours, in turn; what counts is the least time of each.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import sqlglot
from rich.console import Console
from rich.progress import track

os.environ.setdefault("PENSTOCK_ORACLE_SCALE", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from benchmarks.report import Table, show, write
from oracle.cases import Asked, read_cases
from oracle.engines.registry import ENGINES
from oracle.engines.types import UnderTest
from oracle.laboratory import Laboratory
from penstock.engine.types import Engine
from penstock.errors import PenstockError
from penstock.sql.types import Statement

ALLOWED = 1.10
FEWEST, MOST = 3, 15
LONG_ENOUGH = 0.5  # seconds of each side, after which a least time is steady
TIMEOUT = 120.0
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Duel:
    """One question; times are the least, in milliseconds."""

    ask: str
    ours: float
    by_hand: float

    @property
    def ratio(self) -> float:
        return self.ours / self.by_hand


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.by_hand", description=__doc__)
    parser.add_argument("engine", choices=[engine.name for engine in ENGINES])
    parser.add_argument("--no-write", action="store_true", help="leave docs/performance.md alone")
    arguments = parser.parse_args()
    engine = next(engine for engine in ENGINES if engine.name == arguments.engine)
    duels = sorted(_fight(engine), key=lambda duel: -duel.ratio)
    table = _table(engine.name, duels)
    show(table)
    if not arguments.no_write:
        write(f"by hand: {engine.name}", [table])


def _fight(engine: UnderTest) -> Iterator[Duel]:
    cases = [asked for asked in read_cases() if asked.case.sql and not asked.case.differs]
    with ExitStack() as stack:
        room = stack.enter_context(tempfile.TemporaryDirectory())
        laboratory = Laboratory(Path(room), stack)
        for asked in track(cases, f"{engine.name}: questions"):
            try:
                duel = _duel(laboratory, engine, asked)
            except PenstockError as error:
                Console(stderr=True).print(f"{asked.id}: not measured: {error.detail}")
            else:
                yield duel


def _duel(laboratory: Laboratory, engine: UnderTest, asked: Asked) -> Duel:
    project = laboratory.project(engine, asked.dataset, asked.case.who)
    question = project.ask(asked.case.query)
    database = project.pipeline.engines[question.plan.database]
    text = sqlglot.transpile(asked.case.sql or "", read="duckdb", write=database.dialect)[0]
    pair = (question.rows, Statement(text, (), question.rows.types))
    for statement in pair:
        _run(database, statement)
    times: tuple[list[float], list[float]] = ([], [])
    while len(times[0]) < FEWEST or (
        len(times[0]) < MOST and min(sum(times[0]), sum(times[1])) < LONG_ENOUGH
    ):
        for side in (0, 1) if len(times[0]) % 2 else (1, 0):
            times[side].append(_run(database, pair[side]))
    return Duel(asked.id, min(times[0]) * 1e3, min(times[1]) * 1e3)


def _run(engine: Engine, statement: Statement) -> float:
    """Return the seconds that a statement takes, to its last row."""
    begun = time.perf_counter()
    running = engine.run(statement, timeout=TIMEOUT)
    try:
        for _ in running:
            pass
    finally:
        running.close()
    return time.perf_counter() - begun


def _table(engine: str, duels: Sequence[Duel]) -> Table:
    slower = [duel for duel in duels if duel.ratio > ALLOWED]
    rows = [
        (duel.ask, f"{duel.ours:.1f} ms", f"{duel.by_hand:.1f} ms", f"{duel.ratio:.2f} ×")
        for duel in duels[: max(SHOWN, len(slower))]
    ]
    within = len(duels) - len(slower)
    title = (
        f"{engine}: {within} of {len(duels)} within {ALLOWED:.2f} × of SQL by hand, slowest first"
    )
    return Table(title, ("question", "ours", "by hand", "ratio"), rows)


if __name__ == "__main__":
    main()
