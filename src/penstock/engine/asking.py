"""Questions of our own, asked of a database as any statement is."""

from __future__ import annotations

from typing import Final, Protocol

from penstock.engine.failures import away
from penstock.engine.types import Running
from penstock.errors import EngineError
from penstock.sql.types import Bound, Statement

_TIMEOUT: Final = 60.0
_SOON: Final = 10.0


class Run(Protocol):
    def __call__(self, statement: Statement, *, timeout: float) -> Running: ...


class Asking:
    """Every question raises what reading a statement does."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __call__(
        self, text: str, *parameters: Bound, timeout: float = _TIMEOUT
    ) -> list[tuple[str, ...]]:
        """Return the rows of the answer, its values as text."""
        return [
            tuple(str(value) for value in row)
            for batch in self._run(Statement(text, parameters), timeout=timeout)
            for row in zip(*batch.columns, strict=True)
        ]

    def at_once(self, text: str) -> list[tuple[str, ...]]:
        """Ask what takes no time, so that no answer soon is none."""
        return self(text, timeout=_SOON)

    def count(self, path: str) -> int:
        """Return the number of rows of a relation, whose name is quoted."""
        return int(self(f"SELECT COUNT(*) AS found FROM {path}")[0][0])  # noqa: S608 - quoted

    def ping(self) -> None:
        """Raise UnavailableError unless the database answers."""
        try:
            self.at_once("SELECT 1 AS one")
        except EngineError as error:
            raise away() from error
