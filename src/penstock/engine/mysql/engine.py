"""The engines: one database of a server, over a pool of connections that can only read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import ClassVar, Final

from penstock.engine.asking import Asking
from penstock.engine.deadlines import Deadlines
from penstock.engine.failures import closed
from penstock.engine.mysql.options import read_options
from penstock.engine.mysql.pool import Pool, Speech
from penstock.engine.mysql.relations import Catalogue
from penstock.engine.mysql.rows import Rows
from penstock.engine.names import BACKTICK, quote_path
from penstock.engine.types import EngineSettings, FoundColumn, FoundRelation
from penstock.engine.versions import Versions
from penstock.sql.types import Statement

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
        self._ask = Asking(self.run)
        self._catalogue = Catalogue(self._ask, way.database, keeps_json=self.keeps_json)
        self._versions = Versions(self._read_position, clock)
        self._deadlines = Deadlines()
        self._closed = False

    def run(self, statement: Statement, *, timeout: float) -> Rows:
        if self._closed:
            raise closed()
        rows = Rows(self._pool, statement, self._deadlines, timeout)
        self._deadlines.watch(rows, monotonic() + timeout)
        return rows

    def columns(self, source: Sequence[str]) -> tuple[FoundColumn, ...] | None:
        return self._catalogue.columns(source)

    def relations(self) -> tuple[FoundRelation, ...]:
        return self._catalogue.relations()

    def count(self, source: Sequence[str]) -> int:
        return self._ask.count(quote_path(source, BACKTICK))

    def version(self, *, now: bool = False) -> str | None:
        """Return how far the server's log of changes is; None where it keeps none."""
        return self._versions.read(now=now)

    def ping(self) -> None:
        self._ask.ping()

    def close(self) -> None:
        """Stop what runs, and leave the server. A second call does nothing more."""
        self._closed = True
        self._deadlines.close()
        self._pool.close()

    def _read_position(self) -> str | None:
        return self._ask.at_once(self.log)[0][0] or None


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
