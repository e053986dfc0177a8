"""The engine: one database, of a server or of a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from threading import Lock
from time import monotonic
from typing import Final

from penstock.engine.clickhouse.link import Link
from penstock.engine.clickhouse.options import Way, read_options
from penstock.engine.clickhouse.relations import Catalogue
from penstock.engine.clickhouse.rows import Rows, closed
from penstock.engine.deadlines import Deadlines
from penstock.engine.types import EngineSettings, FoundColumn, FoundRelation
from penstock.errors import EngineError, PenstockError, UnavailableError
from penstock.sql.types import Bound, Statement

_COUNT_TIMEOUT: Final = 60.0
_PING_TIMEOUT: Final = 10.0
_LOOK_EVERY: Final = 0.5  # seconds between two looks at the parts of the tables


class ClickHouse:
    """A database of a server, connected to when first asked, or embedded data of a folder.

    Raises ConfigurationError.
    """

    dialect = "clickhouse"

    def __init__(self, settings: EngineSettings, *, clock: Callable[[], float] = monotonic) -> None:
        self._way = read_options(settings)
        self._deadlines = Deadlines()
        self._clock = clock
        self._lock = Lock()
        self._link: Link | None = _open(self._way)
        self._catalogue = Catalogue(self._ask, self._way.database)
        self._state: tuple[float, str | None] | None = None

    def run(self, statement: Statement, *, timeout: float) -> Rows:
        rows = Rows(self._current, statement, self._deadlines, timeout)
        self._deadlines.watch(rows, monotonic() + timeout)
        return rows

    def columns(self, source: Sequence[str]) -> tuple[FoundColumn, ...] | None:
        return self._catalogue.columns(source)

    def relations(self) -> tuple[FoundRelation, ...]:
        return self._catalogue.relations()

    def count(self, source: Sequence[str]) -> int:
        name = ".".join(_quote(part) for part in source)
        rows = self._ask(f"SELECT toString(count()) AS found FROM {name}")  # noqa: S608 - quoted
        return int(rows[0][0])

    def version(self, *, now: bool = False) -> str | None:
        """Return a token of the data parts; None where a table has none."""
        with self._lock:
            seen, time = self._state, self._clock()
            if seen is None or now or time - seen[0] >= _LOOK_EVERY:
                seen = self._state = (time, self._read_state())
            return seen[1]

    def ping(self) -> None:
        try:
            self._ask("SELECT '1' AS one", timeout=_PING_TIMEOUT)
        except EngineError as error:
            raise UnavailableError("The database cannot be reached at the moment.") from error

    def close(self) -> None:
        """Stop what runs, and leave the database. A second call does nothing more."""
        for work in self._deadlines.close():
            if isinstance(work, Rows):
                work.close()
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _current(self) -> Link:
        if self._link is None:
            raise closed()
        return self._link

    def _read_state(self) -> str | None:
        try:
            return self._catalogue.state()
        except PenstockError:
            return None

    def _ask(
        self, text: str, parameters: tuple[Bound, ...] = (), *, timeout: float = _COUNT_TIMEOUT
    ) -> list[tuple[str, ...]]:
        """Run a question of our own, the values of whose answer are text."""
        batches = self.run(Statement(text, parameters), timeout=timeout)
        return [
            tuple(str(value) for value in row)
            for batch in batches
            for row in zip(*batch.columns, strict=True)
        ]


def _open(way: Way) -> Link:
    # Each way has a package of its own, and nobody needs both.
    here = "penstock.engine.clickhouse"
    if way.folder is None:
        server: Link = import_module(f"{here}.server").Server(way)
        return server
    embedded: Link = import_module(f"{here}.embedded").Embedded(way.folder, way.database)
    return embedded


def _quote(name: str) -> str:
    if not name or "\0" in name:
        raise EngineError("The database has no such table.")
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
