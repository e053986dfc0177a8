"""The engines: one database of a server, over a pool of connections that can only read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from time import monotonic
from typing import ClassVar, Final

from penstock.engine.deadlines import Deadlines
from penstock.engine.mysql.options import read_options
from penstock.engine.mysql.pool import Pool, Speech
from penstock.engine.mysql.relations import Catalogue
from penstock.engine.mysql.rows import Rows
from penstock.engine.types import EngineSettings, FoundColumn, FoundRelation
from penstock.errors import EngineError, PenstockError, UnavailableError
from penstock.sql.types import Bound, Statement

_COUNT_TIMEOUT: Final = 60.0
_PING_TIMEOUT: Final = 10.0
_LOOK_EVERY: Final = 0.5  # seconds between two looks at how far the log is

_SETTINGS: Final = (
    "SET SESSION TRANSACTION READ ONLY",
    "SET SESSION time_zone = '+00:00'",
    # As long as the server's longest packet lets it be: percentiles are made of it.
    "SET SESSION group_concat_max_len = 1073741824",
)


class MySQL:
    """A database of a MySQL server, connected to when first asked. Raises ConfigurationError."""

    dialect = "mysql"

    product: ClassVar[str] = "MySQL"
    speech: ClassVar[Speech] = Speech(
        collation="utf8mb4_0900_bin",
        limit="SET SESSION max_execution_time = {milliseconds}",
        settings=(*_SETTINGS, "SET SESSION information_schema_stats_expiry = 0"),
    )
    log: ClassVar[str] = "SELECT @@global.gtid_executed AS position"
    keeps_json: ClassVar[bool] = False

    def __init__(self, settings: EngineSettings, *, clock: Callable[[], float] = monotonic) -> None:
        way = read_options(settings, self.product)
        self._pool = Pool(way, self.speech)
        self._catalogue = Catalogue(self._ask, way.database, keeps_json=self.keeps_json)
        self._deadlines = Deadlines()
        self._clock = clock
        self._lock = Lock()
        self._position: tuple[float, str | None] | None = None
        self._closed = False

    def run(self, statement: Statement, *, timeout: float) -> Rows:
        if self._closed:
            raise UnavailableError("The database is closed.")
        rows = Rows(self._pool, statement, self._deadlines, timeout)
        self._deadlines.watch(rows, monotonic() + timeout)
        return rows

    def columns(self, source: Sequence[str]) -> tuple[FoundColumn, ...] | None:
        return self._catalogue.columns(source)

    def relations(self) -> tuple[FoundRelation, ...]:
        return self._catalogue.relations()

    def count(self, source: Sequence[str]) -> int:
        name = ".".join(_quote(part) for part in source)
        rows = self._ask(f"SELECT COUNT(*) AS found FROM {name}")  # noqa: S608 - quoted
        return int(rows[0][0])

    def version(self, *, now: bool = False) -> str | None:
        """Return how far the server's log of changes is; None where it keeps none."""
        with self._lock:
            seen, time = self._position, self._clock()
            if seen is None or now or time - seen[0] >= _LOOK_EVERY:
                seen = self._position = (time, self._read_position())
            return seen[1]

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

    def _read_position(self) -> str | None:
        try:
            return self._ask(self.log, timeout=_PING_TIMEOUT)[0][0] or None
        except PenstockError:
            return None

    def _ask(
        self, text: str, *parameters: Bound, timeout: float = _COUNT_TIMEOUT
    ) -> list[tuple[str, ...]]:
        """Run a question of our own; the values of its answer as text."""
        batches = self.run(Statement(text, parameters), timeout=timeout)
        return [
            tuple(str(value) for value in row)
            for batch in batches
            for row in zip(*batch.columns, strict=True)
        ]


class MariaDB(MySQL):
    """A database of a MariaDB server, connected to when first asked. Raises ConfigurationError."""

    dialect = "mariadb"

    product: ClassVar[str] = "MariaDB"
    speech: ClassVar[Speech] = Speech(
        collation="utf8mb4_nopad_bin",
        limit="SET SESSION max_statement_time = {seconds}",
        # Without a hash, a join of columns that have no index compares all pairs of rows.
        settings=(*_SETTINGS, "SET SESSION join_cache_level = 4"),
    )
    log: ClassVar[str] = "SELECT @@global.gtid_current_pos AS position"
    keeps_json: ClassVar[bool] = True


def _quote(name: str) -> str:
    if not name or "\0" in name:
        raise EngineError("The database has no such table.")
    return "`" + name.replace("`", "``") + "`"
