"""The state folder -> one SQLite file with today's schema in it, open for all threads."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection, QueuePool

from penstock.errors import StateError
from penstock.store.migrate import HEAD, revision_of, upgrade

FILE = "penstock.db"
DEFAULT_HOME = Path(".penstock")
BUSY_SECONDS = 3.0  # how long a statement waits for another process to finish writing

_OPEN_SECONDS = 30.0  # how long an opener waits for another one that creates or migrates
_POLL_SECONDS = 0.02


class Row(DeclarativeBase):
    """What is stored; no row leaves the store."""


class Database:
    """The open state file. Readers never wait for a writer (WAL); writers take turns."""

    def __init__(self, path: Path, *, busy: float = BUSY_SECONDS) -> None:
        self.path = path
        engine = create_engine(
            "sqlite://", creator=lambda: _connect(path, busy), poolclass=QueuePool
        )
        event.listen(engine, "connect", self._note_file)
        event.listen(engine, "checkout", self._check_file)
        event.listen(engine, "begin", _begin)
        self._engine = engine
        self._writing = engine.execution_options(writes=True)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give one consistent look at everything. Raises StateError."""
        with _translated(self.path), Session(self._engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a transaction that is committed at the end, alone in its turn. Raises StateError."""
        with _translated(self.path), Session(self._writing) as session, session.begin():
            session.connection()  # the turn begins here, and not with the first statement
            yield session

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _note_file(self, _: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        entry.info["file"] = _identity(self.path)

    def _check_file(
        self, _: DBAPIConnection, entry: ConnectionPoolEntry, __: PoolProxiedConnection
    ) -> None:
        """Connect anew when the file was replaced, by a backup that was put back for instance.

        The old connection would go on reading the deleted file, and revocations in the new one
        would never be seen.
        """
        if entry.info["file"] != _identity(self.path):
            raise DisconnectionError(f"{self.path} was replaced")


def open_database(home: Path, *, create: bool = True) -> Database:
    """Open the state file, made and migrated if need be; safe while others do the same.

    Raises StateError, also for a folder that is not there when `create` is off.
    """
    path = home / FILE
    with _translated(path):
        if not create and not path.exists():
            raise StateError(
                f"There is no state in {home}.",
                hint="Run this in the project's folder, or name the state folder: "
                "--home, or PENSTOCK_HOME.",
            )
        _make_private_file(path)
        _use_write_ahead_log(path)
        _migrate(path)
        return Database(path)


def _make_private_file(path: Path) -> None:
    """Make the folder and the file for their owner only, from the first moment on.

    A folder that was there already keeps its mode, as it may be more than ours; a file does not.
    """
    if not path.parent.exists():
        path.parent.parent.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(0o600)


def _use_write_ahead_log(path: Path) -> None:
    """Switch the journal, which lasts; SQLite does not wait for a turn here, so we do."""
    connection = _connect(path, BUSY_SECONDS)
    gives_up = time.monotonic() + _OPEN_SECONDS
    try:
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if not _is_busy(error) or time.monotonic() > gives_up:
                    raise
                time.sleep(_POLL_SECONDS)
            else:
                return
    finally:
        connection.close()


def _migrate(path: Path) -> None:
    with Database(path, busy=_OPEN_SECONDS) as database:
        with database.reading() as session:
            if revision_of(session.connection()) == HEAD:
                return
        with database.writing() as session:
            connection = session.connection()
            if revision_of(connection) != HEAD:  # nobody else was faster
                upgrade(connection)


def _connect(path: Path, busy: float) -> sqlite3.Connection:
    """Connect to a file that is there: a missing one is an error, not a new and empty one."""
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode=rw",
        uri=True,
        timeout=busy,
        isolation_level=None,  # the driver would begin by itself, and too late
        check_same_thread=False,  # the pool gives a connection to one thread at a time
    )
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _begin(connection: Connection) -> None:
    """Take the writer's turn at once: upgrading a read lock later can only fail, not wait."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_busy(error: sqlite3.Error) -> bool:
    return error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise _state_error(path, error) from error


def _state_error(path: Path, error: Exception) -> StateError:
    cause = getattr(error, "orig", error)
    if isinstance(cause, sqlite3.Error) and _is_busy(cause):
        return StateError(
            f"The state file {path} is locked by another process.",
            hint="Try again; if it stays so, look for a program that holds it open for writing.",
        )
    reason = cause.strerror if isinstance(cause, OSError) else str(cause)
    return StateError(
        f"The state file {path} cannot be used: {reason}.",
        hint="Penstock needs to read and write it, and the folder it is in.",
    )
