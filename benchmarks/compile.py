"""JSON text → SQL, in process: shapes never seen before, and one shape with other values."""

from __future__ import annotations

import itertools
import json
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.effort import Effort
from benchmarks.penstock_server import GUARDED, Penstock, small_body
from benchmarks.places import REPOSITORY
from benchmarks.questions import Topic
from benchmarks.report import Result
from penstock.local import As, Project
from penstock.pipeline import Stages

NEW_TARGET_MS, KNOWN_TARGET_MS = 0.4, 0.05
WIDE_NEW_TARGET_MS, WIDE_KNOWN_TARGET_MS = 2.0, 0.1
WARM_UP = 50
COMPUTES = ("sum", "min", "max", "avg", "count", "count_distinct", "median", "stddev")
OPERATORS = ("eq", "not_equal", "gt", "gte", "lt", "lte")
SHAPES = tuple(itertools.product(COMPUTES, COMPUTES, OPERATORS, ("asc", "desc")))


def measure_compile(penstock: Penstock, topic: Topic, effort: Effort) -> Sequence[Result]:
    """Parse, apply policy, plan, compile and bind, for a caller with a row filter."""
    caller = As((GUARDED,), {"allowed": tuple(topic.guard[1])})
    count = effort.turns
    with Project(penstock.site(topic).folder, as_=caller) as project:
        new = list(itertools.islice(_new_shapes(topic), WARM_UP + count))
        known = list(itertools.islice(_known_shape(topic), WARM_UP + count))
        took_new, took_known = _p50(project, new), _p50(project, known)
    return (
        Result(
            what="JSON text → SQL, shape not seen before (p50)",
            target=f"≤ {NEW_TARGET_MS} ms",
            measured=f"{took_new:.3f} ms",
            reached=took_new <= NEW_TARGET_MS,
            basis=f"{count} shapes of the small question with one more measure and condition",
        ),
        Result(
            what="JSON text → SQL, shape seen with other values (p50)",
            target=f"≤ {KNOWN_TARGET_MS} ms",
            measured=f"{took_known:.3f} ms",
            reached=took_known <= KNOWN_TARGET_MS,
            basis=f"{count} sets of values",
        ),
    )


def measure_wide_compile(effort: Effort) -> Sequence[Result]:
    """Do the same with a question over six tables, with two totals and two periods before."""
    count = effort.turns
    with Project(REPOSITORY) as project:
        new = [_wide(number, number) for number in range(WARM_UP + count)]
        known = [_wide(0, number) for number in range(WARM_UP + count)]
        took_new, took_known = _p50(project, new), _p50(project, known)
    return tuple(
        Result(
            what=f"the same with six tables joined, totals and evolution, shape {said} (p50)",
            target=f"≤ {target} ms",
            measured=f"{took:.3f} ms",
            reached=took <= target,
            basis=f"{count} questions to the flights, 2 totals and 2 periods before each",
        )
        for said, target, took in (
            ("not seen before", WIDE_NEW_TARGET_MS, took_new),
            ("seen with other values", WIDE_KNOWN_TARGET_MS, took_known),
        )
    )


def _wide(shape: int, number: int) -> bytes:
    """Return a question; each shape computes, tests or orders in another way."""
    first, second, operator, way = SHAPES[shape]
    return json.dumps(
        {
            "data": {
                "fields": {
                    "distance": ["sum"],
                    "arr_delay": [first],
                    "dep_delay": [second],
                    "tailnum": ["count_distinct"],
                },
                "limit": 100 + number,
            },
            "scale": {
                "fields": [
                    "flight_date:month",
                    "manufacturer",
                    "origin_airport.name",
                    "dest_airport.name",
                    "temp",
                    "airline.name",
                ]
            },
            "filter": {
                "flight_date": {"during": "2013-Q3"},
                "planes.year": {operator: 1990 + number % 20},
            },
            "order": {"distance": way},
            "total": {"all": [], "by maker": ["manufacturer"]},
            "evol": {"scale": "month", "depth": 2},
        }
    ).encode()


def _p50(project: Project, bodies: Sequence[bytes]) -> float:
    took = []
    for body in bodies:
        begun = time.perf_counter()
        project.pipeline.ask(body, project.caller, Stages())
        took.append((time.perf_counter() - begun) * 1e3)
    return statistics.median(took[WARM_UP:])


def _new_shapes(topic: Topic) -> Iterator[bytes]:
    numbers = _numbers(topic)
    for number, (measured, compute, filtered, operator) in enumerate(
        itertools.product(numbers, COMPUTES, numbers, OPERATORS)
    ):
        query = json.loads(small_body(topic, **{filtered: {operator: number}}))
        fields: dict[str, Sequence[str]] = query["data"]["fields"]
        fields[measured] = tuple(dict.fromkeys((*fields.get(measured, ()), compute)))
        yield json.dumps(query).encode()


def _known_shape(topic: Topic) -> Iterator[bytes]:
    filtered = _numbers(topic)[0]
    for number in itertools.count():
        changed: Mapping[str, object] = {filtered: {"lte": number}}
        yield small_body(topic, **changed)


def _numbers(topic: Topic) -> Sequence[str]:
    """Name numeric columns that the small question neither groups by nor filters on."""
    if topic.name == "tpch":
        return ("l_quantity", "l_extendedprice", "l_discount")
    return ("distance", "dep_delay", "arr_delay")
