"""Gathers what is wrong with a project, so that it is all said at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from penstock.project.types import Issue, Place


@dataclass(slots=True)
class Report:
    _issues: dict[Issue, None] = field(default_factory=dict)

    def add(self, place: Place, code: str, message: str, hint: str | None = None) -> None:
        issue = Issue(
            code=code,
            message=message,
            hint=hint,
            file=place.file,
            line=place.line,
            column=place.column,
        )
        self._issues[issue] = None

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Everything found, in the order of files and lines."""
        return tuple(
            sorted(self._issues, key=lambda i: (i.file, i.line, i.column, i.code, i.message))
        )
