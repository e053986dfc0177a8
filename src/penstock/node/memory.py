"""Counts of tables, kept on disk where that can be, and forgotten where it cannot."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from penstock.errors import PenstockError
from penstock.node.serving import Counts
from penstock.project.recorded import Recorded


class ForgivingCounts:
    """A full disk keeps no node from serving: counts are taken again, which costs some time."""

    def __init__(self, counts: Counts | None) -> None:
        self._counts = counts

    def read(self, project: str) -> dict[str, Recorded]:
        try:
            return {} if self._counts is None else self._counts.read(project)
        except PenstockError:
            return {}

    def write(self, project: str, recorded: Mapping[str, Recorded]) -> None:
        with suppress(PenstockError):
            if self._counts is not None:
                self._counts.write(project, recorded)
