"""Put the two questions to one contender and write down what came of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

import duckdb

from benchmarks.client import Answer, Download, Load, Request, ask, crowd, download, load
from benchmarks.contender import Contender, Format, Questions
from benchmarks.effort import Effort
from benchmarks.processes import Server
from benchmarks.questions import BIG_ROWS, Topic
from benchmarks.report import in_one_line
from benchmarks.resident import measure_added

FEW, MANY = 8, 64


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What one contender did on one topic. What it cannot do is None, or absent.

    `faults` says what was wrong with its answers, which is then not measured.
    """

    name: str
    version: str
    remark: str
    alone: Load | None = None
    few: Load | None = None
    cached: Load | None = None
    downloads: dict[Format, Download] = field(default_factory=dict)
    added_mb: float | None = None
    many: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def contest(contender: Contender, topic: Topic, effort: Effort) -> Outcome:
    """Measure a contender; one that does not install, start or answer has that as its fault."""
    outcome = Outcome(name=contender.name, version="?", remark=contender.remark)
    try:
        outcome.version = contender.version()
        questions = contender.questions(topic)
        with contender.serve(topic, cached=False) as server:
            bench = (server, outcome, effort)
            _check_small(contender, topic, ask(server.port, questions.small))
            # Memory first: what a load has once used, an allocator keeps.
            downloadable = _measure_added(contender, questions, bench)
            _measure_small(questions.small, bench)
            if downloadable:
                _measure_big(questions, bench)
        if questions.cached:
            with contender.serve(topic, cached=True) as server:
                outcome.cached = _measure_cached(server, questions.small, questions.cached, effort)
    except (OSError, RuntimeError, ValueError, LookupError) as error:
        outcome.faults.append(in_one_line(error))
    return outcome


Bench = tuple[Server, Outcome, Effort]


def _measure_added(contender: Contender, questions: Questions, bench: Bench) -> bool:
    """Fetch the big answer once, and return whether it is as big as it should be."""
    server, outcome, _ = bench
    question = questions.big[Format.JSON]
    answers: list[Answer] = []
    outcome.added_mb = measure_added(server.pid, lambda: answers.append(ask(server.port, question)))
    (answer,) = answers
    count = len(contender.rows(answer)) if answer.status == HTTPStatus.OK else 0
    if count != BIG_ROWS:
        outcome.added_mb = None
        told = f"{answer.status}, {count:,} rows where {BIG_ROWS:,} were asked for"
        outcome.faults.append(f"big answer: {told}")
    return count == BIG_ROWS


def _measure_small(question: Request, bench: Bench) -> None:
    server, outcome, effort = bench
    outcome.alone = load(server.port, question, clients=1, seconds=effort.seconds)
    outcome.few = load(server.port, question, clients=FEW, seconds=effort.seconds)
    outcome.many = crowd(server.port, lambda _: question, clients=MANY, seconds=effort.seconds)


def _measure_big(questions: Questions, bench: Bench) -> None:
    server, outcome, effort = bench
    for form, question in questions.big.items():
        outcome.downloads[form] = download(server.port, question, times=effort.times)


def _measure_cached(server: Server, first: Request, cached: Request, effort: Effort) -> Load:
    ask(server.port, first)
    ask(server.port, cached)
    return load(server.port, cached, clients=FEW, seconds=effort.seconds)


def _check_small(contender: Contender, topic: Topic, answer: Answer) -> None:
    """Compare an answer with DuckDB's own: as many groups, the same sum of the measure."""
    if answer.status != HTTPStatus.OK:
        raise ValueError(f"small answer: {answer.status}, {answer.body[:200]!r}")
    given = _summary(topic, contender.rows(answer))
    right = _right_answer(topic)
    if given[0] != right[0] or not math.isclose(given[1], right[1], rel_tol=1e-9):
        raise ValueError(f"small answer: {given}, where {right} is right")


def _right_answer(topic: Topic) -> tuple[int, float]:
    database = duckdb.connect()
    database.execute(f"CREATE VIEW {topic.table} AS FROM read_parquet('{topic.file}')")
    return _summary(topic, database.sql(topic.small_sql).to_arrow_table().to_pylist())


def _summary(topic: Topic, rows: Sequence[Mapping[str, object]]) -> tuple[int, float]:
    return len(rows), sum(float(str(row[topic.total])) for row in rows)
