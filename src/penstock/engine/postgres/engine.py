"""The engine: one database of a server, over a pool of connections that can only read."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic

import pyarrow as pa

from penstock.engine.asking import Asking
from penstock.engine.deadlines import Deadlines
from penstock.engine.failures import closed
from penstock.engine.names import quote_path
from penstock.engine.postgres.options import read_options
from penstock.engine.postgres.pool import Pool
from penstock.engine.postgres.relations import find_columns, find_relations
from penstock.engine.postgres.rows import Rows
from penstock.engine.types import EngineSettings, FoundColumn, FoundRelation
from penstock.sql.types import Bound, Statement

_TIMEOUT = 60.0


class PostgreSQL:
    """A database of a PostgreSQL server, connected to when first asked.

    Raises ConfigurationError.
    """

    dialect = "postgres"

    def __init__(self, settings: EngineSettings) -> None:
        self._pool = Pool(read_options(settings))
        self._deadlines = Deadlines()
        self._asking = Asking(self.run)
        self._closed = False

    def run(self, statement: Statement, *, timeout: float) -> Rows:
        if self._closed:
            raise closed()
        rows = Rows(self._pool, statement, self._deadlines, timeout)
        self._deadlines.watch(rows, monotonic() + timeout)
        return rows

    def columns(self, source: Sequence[str]) -> tuple[FoundColumn, ...] | None:
        return find_columns(self._ask, source)

    def relations(self) -> tuple[FoundRelation, ...]:
        return find_relations(self._ask)

    def count(self, source: Sequence[str]) -> int:
        return self._asking.count(quote_path(source))

    def version(self, *, now: bool = False) -> str | None:  # noqa: ARG002 - the port's
        """Return None: the server knows, but to ask it takes as long as a small query."""
        return None

    def ping(self) -> None:
        self._asking.ping()

    def close(self) -> None:
        """Stop what runs, and leave the server. A second call does nothing more."""
        self._closed = True
        self._deadlines.close()
        self._pool.close()

    def _ask(self, text: str, *parameters: Bound) -> list[dict[str, object]]:
        batches = self.run(Statement(text, parameters), timeout=_TIMEOUT)
        return [row for batch in batches for row in _rows(batch)]


def _rows(batch: pa.RecordBatch) -> list[dict[str, object]]:
    columns = [[value.as_py() for value in column] for column in batch.columns]
    names = batch.schema.names
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
