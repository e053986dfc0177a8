"""The engine: a session on a Spark Connect server, opened again when the server forgot it."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from time import monotonic
from typing import ClassVar, Final

from penstock.engine.deadlines import Deadlines
from penstock.engine.failures import closed
from penstock.engine.fetching import Fetching
from penstock.engine.files import read_files
from penstock.engine.names import BACKTICK, quote, quote_path
from penstock.engine.options import check_options, read_text
from penstock.engine.spark.address import read_address
from penstock.engine.spark.columns import read_type
from penstock.engine.spark.errors import is_away, is_missing, translate_error
from penstock.engine.spark.rows import Rows
from penstock.engine.spark.session import Session
from penstock.engine.types import EngineSettings, FoundColumn, FoundRelation
from penstock.errors import PenstockError
from penstock.sql.types import Statement

_TIMEOUT: Final = 60.0


class Spark:
    """Tables of a Spark cluster's catalogue, or files that its workers can read by their paths.

    Raises ConfigurationError, UnavailableError.
    """

    dialect: ClassVar[str] = "spark"
    options: ClassVar[tuple[str, ...]] = ("catalog", "schema", "tls", "token", "url")

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._catalog = read_text(settings, "catalog")
        self._schema = read_text(settings, "schema")
        check_options(settings, self.options)
        self._url = read_address(settings)
        self._deadlines = Deadlines()
        self._lock = Lock()
        self._closed = False
        self._session = self._open()

    def run(self, statement: Statement, *, timeout: float) -> Fetching:
        rows = Rows(self._current, statement, dialect=self.dialect)
        running = Fetching(rows, statement, self._deadlines)
        self._deadlines.watch(running, monotonic() + timeout)
        return running

    def columns(self, source: Sequence[str]) -> tuple[FoundColumn, ...] | None:
        session = self._current()
        try:
            schema = session.schema(f"SELECT * FROM {quote_path(source, BACKTICK)}")  # noqa: S608 - quoted
        except Exception as error:
            if is_missing(error):
                return None
            session.broken |= is_away(error)
            raise translate_error(error) from error
        natives = [(field.name, field.dataType.simpleString()) for field in schema.fields]
        return tuple(FoundColumn(name, read_type(native), native) for name, native in natives)

    def relations(self) -> tuple[FoundRelation, ...]:
        """Return the tables of the session's catalogue; temporary ones are ours."""
        named: list[tuple[str, ...]] = [(table,) for table in sorted(self._settings.files)]
        if not named:
            schemas = [self._schema] if self._schema else self._ask("SHOW SCHEMAS", 0)
            for schema in schemas:
                tables = self._ask(f"SHOW TABLES IN {quote(schema, BACKTICK)}", 1)
                named += [(schema, table) for table in tables]
        return tuple(
            FoundRelation(source=source, columns=columns)
            for source in named
            if (columns := self.columns(source)) is not None
        )

    def count(self, source: Sequence[str]) -> int:
        text = f"SELECT COUNT(*) AS `rows` FROM {quote_path(source, BACKTICK)}"  # noqa: S608 - quoted
        batches = self.run(Statement(text, ()), timeout=_TIMEOUT)
        return sum(batch.column(0)[0].as_py() for batch in batches)

    def version(self, *, now: bool = False) -> str | None:  # noqa: ARG002 - it is always looked at
        return read_files(self._settings.files).token if self._settings.files else None

    def ping(self) -> None:
        session = self._current()
        try:
            session.ping()
        except Exception as error:
            session.broken |= is_away(error)
            raise translate_error(error) from error

    def close(self) -> None:
        """Stop what runs, and forget the session. A second call does nothing more."""
        with self._lock:
            closed, self._closed = self._closed, True
        self._deadlines.close()
        if not closed:
            self._session.close()

    def _ask(self, text: str, column: int) -> list[str]:
        """Return one column of what a command lists."""
        try:
            return self._current().list(text, column)
        except PenstockError:
            raise
        except Exception as error:
            raise translate_error(error) from error

    def _current(self) -> Session:
        """Return the session, a new one if the server forgot it."""
        with self._lock:
            if self._closed:
                raise closed()
            if self._session.broken:
                self._session = self._open()
            return self._session

    def _open(self) -> Session:
        try:
            session = Session(self._url, self._catalog, self._schema)
            session.create_views(self._settings.files)
        except PenstockError:
            raise
        except Exception as error:
            raise translate_error(error) from error
        return session
