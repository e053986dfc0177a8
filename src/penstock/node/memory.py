"""Counts of tables, kept on disk where that can be, and forgotten where it cannot."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from penstock.errors import PenstockError, StateError
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


@dataclass(frozen=True, slots=True)
class FileCounts:
    """Counts in a file that one node has for itself; other files beside it stay as they are."""

    file: Path

    def read(self, project: str) -> dict[str, Recorded]:
        """Return what is kept of a project's tables, nothing where that cannot be read."""
        return self._all().get(project, {})

    def write(self, project: str, recorded: Mapping[str, Recorded]) -> None:
        """Keep these; those of other tables stay. Raises StateError."""
        if not recorded:
            return
        kept = self._all()
        kept[project] = {**kept.get(project, {}), **recorded}
        draft = self.file.with_suffix(".part")
        try:
            draft.write_bytes(msgspec.json.encode(kept))
            draft.replace(self.file)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise StateError(f"{self.file.name} cannot be written: {error.strerror}") from error

    def _all(self) -> dict[str, dict[str, Recorded]]:
        try:
            return msgspec.json.decode(self.file.read_bytes(), type=dict[str, dict[str, Recorded]])
        except (OSError, msgspec.DecodeError):
            return {}
