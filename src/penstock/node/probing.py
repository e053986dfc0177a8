"""A project's own probe queries → which of them are not answered as the project expects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Final

import msgspec

from penstock.auth.principal import Principal
from penstock.errors import PenstockError
from penstock.pipeline import Pipeline, Question, Stages
from penstock.project.types import Probe, Project
from penstock.query.saved import resolve, types_of
from penstock.sql_question import SQLQuestion, ask_sql

_APART: Final = 5.0  # seconds between two attempts


@dataclass(frozen=True, slots=True)
class Found:
    """What an answer was: no value of it."""

    columns: tuple[str, ...]
    rows: int
    seconds: float


@dataclass(slots=True)
class ProbeRun:
    """The probes of one state of a project: asked until they have all passed, then never again.

    Who asks while they are asked waits for that; between two attempts are some seconds.
    """

    has_passed: bool = False
    _failures: dict[str, str] = field(default_factory=dict)
    _until: float = 0.0
    _turn: Lock = field(default_factory=Lock)

    def failures(self, project: Project, pipeline: Pipeline) -> dict[str, str]:
        """Return why each probe fails, by name."""
        with self._turn:
            if not self.has_passed and monotonic() >= self._until:
                self._failures = run_probes(project, pipeline)
                self.has_passed = not self._failures
                self._until = monotonic() + _APART
            return self._failures


def run_probes(project: Project, pipeline: Pipeline) -> dict[str, str]:
    """Return why each probe that does not pass fails, by name. It takes a while: for a thread."""
    return {
        f"probe {probe.name}": reason
        for probe in project.probes
        if (reason := _failure(probe, project, pipeline)) is not None
    }


def _failure(probe: Probe, project: Project, pipeline: Pipeline) -> str | None:
    try:
        found = _ask(probe, project, pipeline)
    except PenstockError as error:
        return f"{error.detail} ({error.code})"
    return next(_differences(probe, found), None)


def _ask(probe: Probe, project: Project, pipeline: Pipeline) -> Found:
    began = monotonic()
    question = _question(probe, project, pipeline)
    running = pipeline.run(question.plan.database, question.rows)
    try:
        rows = sum(batch.num_rows for batch in running)
    finally:
        running.close()
    return Found(tuple(column.name for column in question.plan.columns), rows, monotonic() - began)


def _question(probe: Probe, project: Project, pipeline: Pipeline) -> Question | SQLQuestion:
    caller = Principal(
        subject="probe", kind="probe", roles=probe.roles, attributes=probe.attributes
    )
    if probe.saved is None:
        return pipeline.ask(msgspec.json.encode(probe.query), caller, Stages())
    saved = project.saved[probe.saved]
    body = msgspec.json.encode(resolve(saved, {"parameters": probe.parameters}))
    types = types_of(saved)
    if types is None:
        return pipeline.ask(body, caller, Stages())
    return ask_sql(pipeline, body, caller, Stages(), types)


def _differences(probe: Probe, found: Found) -> Iterator[str]:
    wanted = probe.expect
    if wanted.columns is not None and wanted.columns != found.columns:
        yield (f"The columns are {', '.join(found.columns)}, expected {', '.join(wanted.columns)}.")
    if found.rows < wanted.min_rows:
        yield f"There are {found.rows} rows, expected {wanted.min_rows} at least."
    if wanted.max_rows is not None and found.rows > wanted.max_rows:
        yield f"There are {found.rows} rows, expected {wanted.max_rows} at most."
    if wanted.max_seconds is not None and found.seconds > wanted.max_seconds:
        yield f"It took {found.seconds:.3f} s, expected {wanted.max_seconds:g} s at most."
