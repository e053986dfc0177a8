"""Connections to one database: opened when needed, kept while they answer."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from threading import BoundedSemaphore, Lock, Thread
from time import monotonic
from typing import Final

import psycopg
from psycopg import pq, sql

from penstock.engine.failures import closed
from penstock.engine.postgres.options import Way
from penstock.engine.postgres.wire import drain, is_readable

_TICK: Final = 0.02
_TRUSTED: Final = 30.0  # seconds for which an idle connection needs no question
_CANCEL_EVERY: Final = 0.5
_CANCEL_FOR: Final = 30.0
_GRACE: Final = 1  # seconds that the server waits longer than we do

_TEXTS: Final = "SELECT oid FROM pg_type WHERE oid >= 16384 AND typcategory IN ('E', 'S')"


@dataclass(slots=True, eq=False)
class Session:
    """A connection that can only read. `texts` are the types that are text underneath."""

    connection: psycopg.Connection
    texts: frozenset[int]
    limit: int = 0
    used: bool = False
    idle_since: float = field(default_factory=monotonic)

    @property
    def pg(self) -> pq.abc.PGconn:
        return self.connection.pgconn

    def set_limit(self, timeout: float) -> None:
        """Let the server stop a statement by itself, should we not be there to do it."""
        limit = ceil(timeout) + _GRACE
        if limit != self.limit:
            self.connection.execute(f"SET statement_timeout = '{limit}s'".encode())
            self.limit = limit

    def is_alive(self) -> bool:
        """Whether it may be used; asked of the server only after a while."""
        if self.connection.broken or is_readable(self.pg):
            return False
        if monotonic() - self.idle_since < _TRUSTED:
            return True
        try:
            self.connection.execute(b"SELECT 1")
        except psycopg.Error:
            return False
        return True


class Pool:
    """At most `way.pool` connections at once. Thread-safe."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._room = BoundedSemaphore(way.pool)
        self._lock = Lock()
        self._idle: deque[Session] = deque()
        self._leaving: set[Thread] = set()
        self._closed = False

    def take(self, check: Callable[[], None], *, fresh: bool = False) -> Session:
        """Return a session of one's own; `check` raises what ends the waiting for one.

        Raises psycopg.Error, UnavailableError.
        """
        while not self._room.acquire(timeout=_TICK):
            check()
        try:
            return (None if fresh else self._find_alive()) or self._open()
        except BaseException:
            self._room.release()
            raise

    def give_back(self, session: Session) -> None:
        """Keep a session whose statement has come to its end."""
        session.used, session.idle_since = True, monotonic()
        with self._lock:
            is_kept = not self._closed and not session.connection.broken
            if is_kept:
                self._idle.append(session)
        if not is_kept:
            session.connection.close()
        self._room.release()

    def abandon(self, session: Session) -> None:
        """Stop a session's statement in the database, then forget the session.

        It is not used again: a cancel that comes late would hit the next statement.
        """
        thread = Thread(target=self._abandon, args=(session,), name="cancel", daemon=True)
        with self._lock:
            self._leaving.add(thread)
        thread.start()

    def close(self) -> None:
        """Close what is idle, and wait a moment for what is being stopped."""
        with self._lock:
            self._closed = True
            idle, leaving = list(self._idle), list(self._leaving)
            self._idle.clear()
        for session in idle:
            session.connection.close()
        for thread in leaving:
            thread.join(_CANCEL_EVERY)

    def _find_alive(self) -> Session | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                session = self._idle.pop()
            if session.is_alive():
                return session
            session.connection.close()

    def _open(self) -> Session:
        if self._closed:
            raise closed()
        connection = psycopg.connect(**self._way.connection, autocommit=True)  # type: ignore[arg-type]  # libpq takes texts
        try:
            _make_safe(connection, self._way.schema)
            texts = frozenset(int(row[0]) for row in connection.execute(_TEXTS.encode()))
        except BaseException:
            connection.close()
            raise
        return Session(connection, texts)

    def _abandon(self, session: Session) -> None:
        end = monotonic() + _CANCEL_FOR
        try:
            while monotonic() < end:
                session.connection.cancel_safe(timeout=5)
                if drain(session.pg, _CANCEL_EVERY):
                    break
        except psycopg.Error:
            pass  # it is gone, and its statement with it
        finally:
            session.connection.close()
            self._room.release()
            with self._lock:
                self._leaving = {t for t in self._leaving if t.is_alive()}


def _make_safe(connection: psycopg.Connection, schema: str | None) -> None:
    settings = {
        "default_transaction_read_only": "on",
        "timezone": "UTC",
        "datestyle": "ISO, YMD",
        "extra_float_digits": "1",
        "standard_conforming_strings": "on",
        "row_security": "on",
    }
    if schema is not None:
        settings["search_path"] = sql.Identifier(schema).as_string(connection)
    for name, value in settings.items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))
