"""A look at a project's databases: what they are asked, and what is found wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from penstock.engine.types import Engine
from penstock.project.report import Report
from penstock.project.types import Place, Project
from penstock.sql.types import Statement


@dataclass(frozen=True, slots=True)
class Visit:
    project: Project
    engines: Mapping[str, Engine]
    report: Report

    def issue(self, place: tuple[str, ...], code: str, message: str, hint: str | None) -> None:
        self.report.add(self.project.places.get(place, Place("models")), code, message, hint)

    def number(self, database: str, statement: Statement) -> int:
        """Run a statement that answers with one number."""
        timeout = self.project.serving.timeout
        running = self.engines[database].run(statement, timeout=timeout)
        try:
            return sum(int(value.as_py()) for batch in running for value in batch.column(0))
        finally:
            running.close()
