"""The engine: one database of a server, over a pool of connections that can only read."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic

import pyarrow as pa

from penstock.engine.deadlines import Deadlines
from penstock.engine.postgres.options import read_options
from penstock.engine.postgres.pool import Pool
from penstock.engine.postgres.relations import find_columns, find_relations
from penstock.engine.postgres.rows import Rows
from penstock.engine.types import EngineSettings, FoundColumn, FoundRelation
from penstock.errors import EngineError, UnavailableError
from penstock.sql.types import Bound, Statement

_COUNT_TIMEOUT = 60.0
_PING_TIMEOUT = 10.0


class PostgreSQL:
    """A database of a PostgreSQL server, connected to when first asked.

    Raises ConfigurationError.
    """

    dialect = "postgres"

    def __init__(self, settings: EngineSettings) -> None:
        self._pool = Pool(read_options(settings))
        self._deadlines = Deadlines()
        self._closed = False

    def run(self, statement: Statement, *, timeout: float) -> Rows:
        if self._closed:
            raise UnavailableError("The database is closed.")
        rows = Rows(self._pool, statement, self._deadlines, timeout)
        self._deadlines.watch(rows, monotonic() + timeout)
        return rows

    def columns(self, source: Sequence[str]) -> tuple[FoundColumn, ...] | None:
        return find_columns(self._ask, source)

    def relations(self) -> tuple[FoundRelation, ...]:
        return find_relations(self._ask)

    def count(self, source: Sequence[str]) -> int:
        name = ".".join(_quote(part) for part in source)
        rows = self._ask(f"SELECT COUNT(*) AS rows FROM {name}")  # noqa: S608 - quoted
        return sum(int(str(row["rows"])) for row in rows)

    def version(self, *, now: bool = False) -> str | None:  # noqa: ARG002 - the port's
        """Return None: the server knows, but to ask it takes as long as a small query."""
        return None

    def ping(self) -> None:
        try:
            self._ask("SELECT 1 AS one", timeout=_PING_TIMEOUT)
        except EngineError as error:
            raise UnavailableError("The database cannot be reached at the moment.") from error

    def close(self) -> None:
        """Stop what runs, and leave the server. A second call does nothing more."""
        self._closed = True
        for work in self._deadlines.close():
            if isinstance(work, Rows):
                work.close()
        self._pool.close()

    def _ask(
        self, text: str, *parameters: Bound, timeout: float = _COUNT_TIMEOUT
    ) -> list[dict[str, object]]:
        batches = self.run(Statement(text, parameters), timeout=timeout)
        return [row for batch in batches for row in _rows(batch)]


def _rows(batch: pa.RecordBatch) -> list[dict[str, object]]:
    columns = [[value.as_py() for value in column] for column in batch.columns]
    names = batch.schema.names
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _quote(name: str) -> str:
    if not name or "\0" in name:
        raise EngineError("The database has no such table.")
    return '"' + name.replace('"', '""') + '"'
