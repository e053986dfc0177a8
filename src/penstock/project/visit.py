"""A look at a project's databases: what they are asked, and what is found wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from penstock.engine.number import read_number
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
        return read_number(self.engines[database], statement, timeout=timeout)
