"""`python -m benchmarks.by_hand ENGINE`: the SQL we generate against SQL written by hand.

The questions are those of the oracle suite, TPC-H's at scale 1, both statements run by the same
engine of ours, in turn; what counts is the least time of each, or the usual one where the clock is
coarse. Who is not clearly within the target is measured once more, longer, and who misses it a
third time, whatever comes out.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

import sqlglot
import yaml
from rich.console import Console
from rich.progress import track
from sqlglot import exp

os.environ.setdefault("PENSTOCK_ORACLE_SCALE", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from benchmarks.report import Table, show, write
from oracle.cases import Asked, Case, read_cases
from oracle.engines.registry import ENGINES
from oracle.engines.types import UnderTest
from oracle.gaps import declared, read_gaps
from oracle.laboratory import Laboratory
from penstock.engine.types import Engine
from penstock.errors import PenstockError
from penstock.local import Project
from penstock.pipeline import Pipeline
from penstock.plan.types import Plan, Role
from penstock.query.parse import parse_query
from penstock.sql.across import compile_across
from penstock.sql.bind import bind_values
from penstock.sql.types import Statement

ALLOWED = 1.10
UNNOTICED = 0.3  # milliseconds more that nobody minds, where a question takes about as long
CLEAR = 1.05
TIMEOUT = 120.0
SHOWN = 20
REASONS = Path(__file__).with_suffix(".yaml")

_LARGE = frozenset({"tpch", "flights"})
"""Of a few thousand rows made up for a test, nobody notices how long they take."""


def server_time() -> float:
    """Return the seconds that processors have worked for the servers that this process started.

    Of each process that lives, to the nanosecond; of those that have ended, to the hundredth.
    """
    main = os.getpid()
    servers = _children(main)
    living = [child for server in servers for child in _children(server)]
    spent = sum(_worked(process) for process in (*servers, *living))
    return spent + sum(_buried(server) for server in servers)


def _children(process: int) -> list[int]:
    found = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    return [int(child) for child in found.split()]


def _worked(process: int) -> float:
    try:
        said = Path(f"/proc/{process}/schedstat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return int(said.split()[0]) / 1e9


def _buried(process: int) -> float:
    """Return what the ended children of a process have worked."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


_CLOCKS: dict[str, Callable[[], float]] = {
    "duckdb": time.process_time,
    "sqlite": time.process_time,
    "postgres": server_time,
}
"""What the processors do for the question, where that can be seen, whatever else they do."""

_COARSE: Final = frozenset({server_time})
"""Clocks that miss up to a hundredth of a second: the least of many readings is too little."""

_PARTS: dict[type[exp.Expr], str] = {
    exp.DayOfWeekIso: "ISODOW",
    exp.Quarter: "QUARTER",
    exp.Hour: "HOUR",
    exp.Minute: "MINUTE",
}


@dataclass(frozen=True, slots=True)
class Patience:
    """How often both are run: for so many seconds each, in so many turns."""

    seconds: float
    fewest: int
    most: int


FIRST = Patience(seconds=0.1, fewest=1, most=15)
AGAIN = Patience(seconds=0.5, fewest=1, most=50)
LAST = Patience(seconds=2, fewest=1, most=100)


@dataclass(frozen=True, slots=True)
class Duel:
    """One question, in several ways: ours, by hand, and by hand without knowing the data.

    The last one is there where that by hand knows what only this data says. Times are in seconds.
    """

    ask: str
    engine: Engine
    clock: Callable[[], float]
    ways: tuple[Statement, ...]
    times: tuple[list[float], ...]

    @property
    def least(self) -> tuple[float, ...]:
        """How long each takes, in milliseconds."""
        taken = usual if self.clock in _COARSE else min
        return tuple(taken(times) * 1e3 for times in self.times)

    @property
    def ratio(self) -> float:
        ours, by_hand, *_ = self.least
        return ours / by_hand

    @property
    def fair_ratio(self) -> float:
        """The ratio to who knows as much as ours."""
        return self.least[0] / self.least[-1]

    @property
    def reached(self) -> bool:
        """Whether ours is as soon as that of somebody who knows no more than it does."""
        return self.fair_ratio <= ALLOWED or self.least[0] - self.least[-1] <= UNNOTICED

    @property
    def reached_as_written(self) -> bool:
        ours, by_hand, *_ = self.least
        return self.ratio <= ALLOWED or ours - by_hand <= UNNOTICED


def usual(times: Sequence[float]) -> float:
    """Return the mean of the middle half."""
    ordered = sorted(times)
    apart = len(ordered) // 4
    return statistics.fmean(ordered[apart : len(ordered) - apart])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.by_hand", description=__doc__)
    parser.add_argument("engine", choices=sorted(ENGINES))
    parser.add_argument("--only", default="", help="questions whose name has this in it")
    parser.add_argument("--no-write", action="store_true", help="leave docs/performance.md alone")
    parser.add_argument("--sql", action="store_true", help="print the SQL of those that are slow")
    arguments = parser.parse_args()
    duels = _fight(ENGINES[arguments.engine], arguments.only)
    duels.sort(key=lambda duel: -duel.ratio)
    table = _table(arguments.engine, duels)
    show(table)
    if arguments.sql:
        _print_slow(duels)
    if not arguments.no_write:
        write(f"by hand: {arguments.engine}", [table])


def _fight(engine: UnderTest, only: str) -> list[Duel]:
    gaps = read_gaps().get(engine.name, ())
    cases = [
        asked
        for asked in read_cases()
        if asked.dataset in _LARGE
        and _reads(asked.case)
        and only in asked.id
        and not declared(asked.case, engine.name, gaps)
    ]
    with ExitStack() as stack:
        room = stack.enter_context(tempfile.TemporaryDirectory())
        laboratory = Laboratory(Path(room), stack)
        return [*_fought(cases, laboratory, engine)]


def _reads(case: Case) -> bool:
    """Whether the SQL by hand reads anything: some says only what the answer has to be."""
    tree = sqlglot.parse_one(case.sql or "SELECT 1", read="duckdb")
    nothing = [where for where in tree.find_all(exp.Where) if where.this.sql() == "1 = 0"]
    return tree.find(exp.Table) is not None and not nothing


def _said(sql: str, dialect: str) -> str:
    """Say DuckDB's SQL in the words of another engine."""
    tree = sqlglot.parse_one(sql, read="duckdb")
    if dialect == "postgres":
        tree = tree.transform(_said_to_postgres)
    return tree.sql(dialect=dialect)


def _said_to_postgres(node: exp.Expr) -> exp.Expr:
    """Say what sqlglot leaves as it is."""
    part = _PARTS.get(type(node))
    if part is not None:
        return exp.Extract(this=exp.Var(this=part), expression=node.this)
    if isinstance(node, exp.DateFromParts):
        parts = [exp.cast(node.args[name], "int") for name in ("year", "month", "day")]
        return exp.Anonymous(this="MAKE_DATE", expressions=parts)
    return node


def _fought(cases: Sequence[Asked], laboratory: Laboratory, engine: UnderTest) -> Iterator[Duel]:
    progress = Console(stderr=True)
    for asked in track(cases, f"{engine.name}: questions", console=progress):
        try:
            duel = _duel(laboratory, engine, asked)
            _measure(duel, FIRST)
            if duel.ratio > CLEAR:
                _measure(duel, AGAIN)
            if not duel.reached:
                _measure(duel, LAST)
            progress.print(" | ".join(_line(duel)), highlight=False, soft_wrap=True)
        except PenstockError as error:
            progress.print(f"{asked.id}: not measured: {error.detail}")
        else:
            yield duel


def _duel(laboratory: Laboratory, engine: UnderTest, asked: Asked) -> Duel:
    """Prepare both, and see to it that they give as many rows."""
    project = laboratory.project(engine, asked.dataset, asked.case.who)
    database, ours = _ours(project, asked.case)
    reason = _reasons(engine.name).get(asked.id)
    said = [asked.case.sql or ""]
    if reason is not None and reason.instead is not None and engine.name in _CLOCKS:
        said.append(reason.instead)
    by_hand = [Statement(_said(sql, database.dialect), (), ours.types) for sql in said]
    ways = (ours, *by_hand)
    clock = _CLOCKS.get(engine.name, time.perf_counter)
    duel = Duel(asked.id, database, clock, ways, tuple([] for _ in ways))
    first = [_run(duel, statement) for statement in ways]
    for (seconds, _), times in zip(first, duel.times, strict=True):
        times.append(seconds)
    if len({rows for _, rows in first}) > 1:
        raise PenstockError(f"rows of each: {', '.join(str(rows) for _, rows in first)}")
    return duel


def _ours(project: Project, case: Case) -> tuple[Engine, Statement]:
    """Return what is run for the rows, without the labels that nobody wrote by hand."""
    pipeline: Pipeline = project.pipeline
    asked = parse_query(json.dumps(case.query).encode(), pipeline.limits)
    permitted = pipeline.gate.permit(asked, project.caller)
    prepared = pipeline.prepare(permitted)
    plan = replace(prepared.plan, totals=())
    plan = plan if case.labels else _without_labels(plan)
    compiled = compile_across(plan, pipeline.dialects)
    values = (asked.values, permitted.view.values, pipeline.clock())
    return pipeline.engines[plan.database], bind_values(compiled.rows, *values)


def _without_labels(plan: Plan) -> Plan:
    columns = tuple(column for column in plan.columns if column.role is not Role.LABEL)
    sorted_by = {sort.name for sort in plan.sorts}
    if any(label.name in sorted_by for label in plan.labels):
        return plan
    return replace(plan, labels=(), columns=columns)


def _measure(duel: Duel, patience: Patience) -> None:
    """Run all in turn, so that what else the machine does falls on each."""
    spent, turns = [0.0 for _ in duel.ways], 0
    while turns < patience.fewest or (turns < patience.most and min(spent) < patience.seconds):
        for way in range(len(spent))[:: 1 if turns % 2 else -1]:
            seconds, _ = _run(duel, duel.ways[way])
            duel.times[way].append(seconds)
            spent[way] += seconds
        turns += 1


def _run(duel: Duel, statement: Statement) -> tuple[float, int]:
    """Return the seconds that a statement takes, to its last row, and how many rows there are."""
    begun = duel.clock()
    running = duel.engine.run(statement, timeout=TIMEOUT)
    try:
        rows = sum(batch.num_rows for batch in running)
    finally:
        running.close()
    return duel.clock() - begun, rows


def _table(engine: str, duels: Sequence[Duel]) -> Table:
    slower = [duel for duel in duels if duel.ratio > ALLOWED]
    written = sum(duel.reached_as_written for duel in duels)
    within = sum(duel.reached for duel in duels)
    why = _reasons(engine)
    rows = [
        (*_line(duel), "" if duel.ratio <= CLEAR or duel.ask not in why else why[duel.ask].because)
        for duel in duels[: max(SHOWN, len(slower))]
    ]
    title = (
        f"{engine}: {within} of {len(duels)} within {ALLOWED:.2f} × of SQL by hand, or"
        f" {UNNOTICED} ms; {written} also where that by hand knows the data; slowest first"
    )
    columns = ("question", "ours", "by hand", "ratio", "knowing no more", "ratio", "", "why")
    return Table(title, columns, rows)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a question takes longer than by hand; `instead` is the SQL of who knows no more."""

    because: str
    instead: str | None


@cache
def _reasons(engine: str) -> Mapping[str, Reason]:
    """Return the reasons by question: of this engine, or of all."""
    said = yaml.safe_load(REASONS.read_text(encoding="utf-8"))
    return {
        ask: Reason(reason["because"], instead)
        for reason in said
        if engine in reason.get("engines", [engine])
        for ask, instead in reason["asks"].items()
    }


def _line(duel: Duel) -> tuple[str, ...]:
    ours, by_hand, *fair = duel.least
    told = (f"{fair[0]:.2f} ms", f"{duel.fair_ratio:.2f} ×") if fair else ("", "")
    sign = "✓" if duel.reached else "✗"
    return duel.ask, f"{ours:.2f} ms", f"{by_hand:.2f} ms", f"{duel.ratio:.2f} ×", *told, sign


def _print_slow(duels: Iterable[Duel]) -> None:
    for duel in duels:
        if not duel.reached:
            ours, *by_hand = duel.ways
            said = "".join(f"-- by hand\n{way.text}\n" for way in by_hand)
            sys.stdout.write(f"-- {duel.ask}\n{ours.text}\n-- with {ours.parameters}\n{said}\n")


if __name__ == "__main__":
    main()
