"""Connections to one database: opened when needed, kept while they answer."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import date, datetime, time
from threading import Thread
from typing import Final, cast

import pymysql
from pymysql.constants import CR
from pymysql.converters import conversions
from sqlalchemy import PoolProxiedConnection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from sqlalchemy.pool import QueuePool

from penstock.engine.failures import closed
from penstock.engine.mysql.cursor import Connection, Cursor
from penstock.engine.mysql.options import Way

_TICK: Final = 0.05
_RECYCLED: Final = 1_800  # seconds: firewalls forget connections that live longer
_KEEP_ALIVE: Final = (
    (socket.TCP_KEEPIDLE, 30),
    (socket.TCP_KEEPINTVL, 10),
    (socket.TCP_KEEPCNT, 3),
)

_SQL_MODE: Final = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_UNSIGNED_SUBTRACTION"


@dataclass(frozen=True, slots=True)
class Speech:
    """What a session is told in MySQL's or MariaDB's own words."""

    collation: str
    limit: str
    settings: tuple[str, ...]


def _write_date(value: date, _: object) -> str:
    return f"DATE'{value.isoformat()}'"


def _write_moment(value: datetime, _: object) -> str:
    return f"TIMESTAMP'{value.replace(tzinfo=None).isoformat(' ', 'microseconds')}'"


def _write_clock(value: time, _: object) -> str:
    return f"TIME'{value.isoformat('microseconds')}'"


# Values are typed, so that no comparison depends on what the server guesses of a text. Results
# stay text: Arrow reads that faster than Python does, and exactly.
_CONVERSIONS: Final = {
    **{type_: encode for type_, encode in conversions.items() if not isinstance(type_, int)},
    date: _write_date,
    datetime: _write_moment,
    time: _write_clock,
}


@dataclass(slots=True, eq=False)
class Session:
    """A connection that can only read, for one statement at a time."""

    proxied: PoolProxiedConnection
    connection: Connection
    killed: bool = False


class Pool:
    """At most `way.pool` connections at once. Thread-safe."""

    def __init__(self, way: Way, speech: Speech) -> None:
        self._way = way
        self._speech = speech
        self._engine = create_engine(
            "mysql+pymysql://",
            creator=self._connect,
            poolclass=QueuePool,
            pool_size=way.pool,
            max_overflow=0,
            pool_timeout=_TICK,
            pool_pre_ping=True,
            pool_recycle=_RECYCLED,
            pool_reset_on_return=None,  # there is nothing to reset in a session that only reads
        )
        self._closed = False

    def take(self, check: Callable[[], None]) -> Session:
        """Return a session of one's own; `check` raises what ends the waiting for one.

        Raises pymysql.Error, UnavailableError.
        """
        while not self._closed:
            try:
                proxied = self._engine.raw_connection()
            except NoConnectionLeft:
                check()
            except DBAPIError as error:
                raise (error.orig or error) from error
            else:
                return Session(proxied, cast("Connection", proxied.dbapi_connection))
        raise closed()

    def limit(self, session: Session, seconds: float) -> None:
        """Let the server stop a statement by itself, should we not be there to do it."""
        text = self._speech.limit.format(
            seconds=int(seconds) + 1, milliseconds=int(seconds + 1) * 1000
        )
        info = session.proxied.info
        if info.get("limit") != text:
            with session.connection.cursor() as cursor:
                cursor.execute(text)
            info["limit"] = text

    def give_back(self, session: Session) -> None:
        """Keep a session whose statement has come to its end."""
        if session.killed:
            self.abandon(session)
        else:
            session.proxied.close()

    def abandon(self, session: Session) -> None:
        """Stop a session's statement in the database, then forget the session."""
        self.kill(session)
        session.proxied.invalidate()

    def kill(self, session: Session) -> None:
        """Stop a session's statement in the database, from another connection."""
        if not session.killed:
            session.killed = True
            Thread(target=self._kill, args=(session.connection,), name="kill", daemon=True).start()

    def close(self) -> None:
        self._closed = True
        self._engine.dispose()

    def _kill(self, connection: Connection) -> None:
        with suppress(pymysql.MySQLError, OSError), closing(self._open()) as other:
            other.query(f"KILL {connection.number():d}")
        # The server may be gone without a word: whoever waits for it waits no longer.
        connection.hang_up()

    def _connect(self) -> Connection:
        connection = self._open()
        try:
            for text in self._speech.settings:
                connection.query(text)
        except BaseException:
            connection.close()
            raise
        return connection

    def _open(self) -> Connection:
        way = self._way
        connection = Connection(
            host=way.host,
            user=way.user,
            password=way.password,
            database=way.database,
            charset="utf8mb4",
            collation=self._speech.collation,
            autocommit=True,
            sql_mode=_SQL_MODE,
            conv=_CONVERSIONS,  # type: ignore[arg-type]  # it passes a second argument
            cursorclass=Cursor,
            program_name="penstock",
            defer_connect=True,
            ssl=way.tls,
            ssl_disabled=way.plain,
        )
        try:
            opened = socket.create_connection((way.host, way.port), way.connect_timeout)
        except OSError as error:
            raise pymysql.OperationalError(CR.CR_CONN_HOST_ERROR, str(error)) from error
        for option, seconds in _KEEP_ALIVE:
            opened.setsockopt(socket.IPPROTO_TCP, option, seconds)
        connection.log_in(opened)
        return connection
