"""The engine: one database, of a server or of a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from time import monotonic

from penstock.engine.asking import Asking
from penstock.engine.clickhouse.link import Link, quote
from penstock.engine.clickhouse.options import Way, read_options
from penstock.engine.clickhouse.relations import Catalogue
from penstock.engine.clickhouse.rows import Rows
from penstock.engine.deadlines import Deadlines
from penstock.engine.failures import closed
from penstock.engine.types import EngineSettings, FoundColumn, FoundRelation
from penstock.engine.versions import Versions
from penstock.sql.types import Statement


class ClickHouse:
    """A database of a server, connected to when first asked, or embedded data of a folder.

    Raises ConfigurationError.
    """

    dialect = "clickhouse"

    def __init__(self, settings: EngineSettings, *, clock: Callable[[], float] = monotonic) -> None:
        way = read_options(settings)
        self._deadlines = Deadlines()
        self._link: Link | None = _open(way)
        self._ask = Asking(self.run)
        self._catalogue = Catalogue(self._ask, way.database)
        self._versions = Versions(self._catalogue.state, clock)

    def run(self, statement: Statement, *, timeout: float) -> Rows:
        rows = Rows(self._current, statement, self._deadlines, timeout)
        self._deadlines.watch(rows, monotonic() + timeout)
        return rows

    def columns(self, source: Sequence[str]) -> tuple[FoundColumn, ...] | None:
        return self._catalogue.columns(source)

    def relations(self) -> tuple[FoundRelation, ...]:
        return self._catalogue.relations()

    def count(self, source: Sequence[str]) -> int:
        return self._ask.count(".".join(quote(part) for part in source))

    def version(self, *, now: bool = False) -> str | None:
        """Return a token of the data parts; None where a table has none."""
        return self._versions.read(now=now)

    def ping(self) -> None:
        self._ask.ping()

    def close(self) -> None:
        """Stop what runs, and leave the database. A second call does nothing more."""
        self._deadlines.close()
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _current(self) -> Link:
        if self._link is None:
            raise closed()
        return self._link


def _open(way: Way) -> Link:
    # Each way has a package of its own, and nobody needs both.
    here = "penstock.engine.clickhouse"
    if way.folder is None:
        server: Link = import_module(f"{here}.server").Server(way)
        return server
    embedded: Link = import_module(f"{here}.embedded").Embedded(way.folder, way.database)
    return embedded
