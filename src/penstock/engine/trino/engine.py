"""The engine: a coordinator, asked for one catalogue of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import groupby
from operator import itemgetter
from threading import Lock
from time import monotonic
from typing import Final

from trino.client import TrinoQuery

from penstock.engine.deadlines import Deadlines
from penstock.engine.failures import closed
from penstock.engine.fetching import Fetching
from penstock.engine.names import quote, quote_path
from penstock.engine.options import check_options
from penstock.engine.trino.columns import read_type
from penstock.engine.trino.coordinator import OPTIONS, Coordinator
from penstock.engine.trino.literals import write_literal
from penstock.engine.trino.rows import Rows
from penstock.engine.types import EngineSettings, FoundColumn, FoundRelation
from penstock.errors import ConfigurationError
from penstock.sql.types import Statement

_TIMEOUT: Final = 60.0


class Trino:
    """The tables of one catalogue, or of one of its schemas.

    Raises ConfigurationError, UnavailableError.
    """

    dialect = "trino"

    def __init__(self, settings: EngineSettings) -> None:
        check_options(settings, OPTIONS)
        if settings.files:
            raise ConfigurationError(
                f"Database {settings.database!r} names files: Trino reads only its catalogues.",
                hint=f"Remove `files` from connectors/{settings.database}.yaml.",
            )
        self._coordinator = Coordinator(settings)
        self._deadlines = Deadlines()
        self._lock = Lock()
        self._closed = False
        self.ping()

    def run(self, statement: Statement, *, timeout: float) -> Fetching:
        # The coordinator keeps the time too, for when we are gone.
        properties = {"query_max_run_time": f"{max(timeout, 1):.2f}s"}
        running = Fetching(
            Rows(partial(self._ask, properties=properties), statement), statement, self._deadlines
        )
        self._deadlines.watch(running, monotonic() + timeout)
        return running

    def columns(self, source: Sequence[str]) -> tuple[FoundColumn, ...] | None:
        catalog, schema, table = self._split(source)
        found = self._rows(
            f"SELECT column_name, data_type FROM {quote(catalog)}.information_schema.columns"  # noqa: S608 - quoted
            f" WHERE table_schema = {write_literal(schema.lower())}"
            f" AND table_name = {write_literal(table.lower())} ORDER BY ordinal_position"
        )
        return tuple(FoundColumn(name, read_type(native), native) for name, native in found) or None

    def relations(self) -> tuple[FoundRelation, ...]:
        catalog, schema = quote(self._coordinator.catalog), self._coordinator.schema
        one = "" if schema is None else f" AND table_schema = {write_literal(schema)}"
        found = self._rows(
            "SELECT table_schema, table_name, column_name, data_type"  # noqa: S608 - quoted
            f" FROM {catalog}.information_schema.columns"
            f" WHERE table_schema <> 'information_schema'{one} ORDER BY 1, 2, ordinal_position"
        )
        return tuple(
            FoundRelation(source=source, columns=_read_columns(rows))
            for source, rows in groupby(found, key=itemgetter(0, 1))
        )

    def count(self, source: Sequence[str]) -> int:
        path = quote_path(source)
        ((rows,),) = self._rows(f"SELECT CAST(COUNT(*) AS VARCHAR) FROM {path}")  # noqa: S608 - quoted
        return int(rows)

    def version(self, *, now: bool = False) -> str | None:  # noqa: ARG002 - it can never be known
        return None

    def ping(self) -> None:
        self._rows("SELECT '1'")

    def close(self) -> None:
        """Stop what runs. A second call does nothing more."""
        with self._lock:
            self._closed = True
        self._deadlines.close()
        self._coordinator.close()

    def _ask(self, text: str, *, properties: dict[str, str]) -> TrinoQuery:
        with self._lock:
            if self._closed:
                raise closed()
        return self._coordinator.ask(text, properties)

    def _rows(self, text: str) -> list[tuple[str, ...]]:
        """Return all rows of a question of our own."""
        running = self.run(Statement(text, ()), timeout=_TIMEOUT)
        return [
            tuple(value.as_py() for value in row)
            for batch in running
            for row in zip(*batch.columns, strict=True)
        ]

    def _split(self, source: Sequence[str]) -> tuple[str, str, str]:
        schema = self._coordinator.schema or ""
        catalog, schema, table = (self._coordinator.catalog, schema, *source)[-3:]
        return catalog, schema, table


def _read_columns(rows: Iterable[tuple[str, ...]]) -> tuple[FoundColumn, ...]:
    return tuple(FoundColumn(name, read_type(native), native) for *_, name, native in rows)
