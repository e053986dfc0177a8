"""The same deployments with nodes in containers: of the engine that is here, if one is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.deploying import measure_times
from benchmarks.effort import Effort
from benchmarks.report import Result, in_one_line
from benchmarks.stacks import standing
from benchmarks.switching import FEWEST, WHAT, count_answers
from e2e.docker_engine import NoEngineError, find_engine

LIVE_SECONDS = 5.0
WHERE = "Docker"


def measure_containers(effort: Effort) -> Sequence[Result]:
    """Say so where there is no engine: then nothing was measured."""
    try:
        with find_engine() as engine:
            host = engine.environment.get("DOCKER_HOST")
            environment = {"DOCKER_HOST": host} if host else {}
            return tuple(_measure(environment, effort))
    except NoEngineError as missing:
        return [
            Result(WHAT, f"0 failed of ≥ {FEWEST:,}", "no engine", None, in_one_line(missing)),
        ]


def _measure(environment: dict[str, str], effort: Effort) -> Iterator[Result]:
    with standing("docker", environment) as site:
        yield from measure_times(site, effort, WHERE, LIVE_SECONDS)
    with standing("docker", environment) as site:
        yield count_answers(site, effort, WHERE)
