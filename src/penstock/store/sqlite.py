"""A file's path -> a SQLite engine: private, with a write-ahead log, writers in turn."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection, QueuePool

from penstock.store.failures import is_busy

NAME: Final = "sqlite"
READING: Final[dict[str, bool]] = {}
BUSY_SECONDS = 3.0  # how long a statement waits for another process to finish writing

_POLL_SECONDS = 0.02


def engine(path: Path, busy: float) -> Engine:
    def note_file(_: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        entry.info["file"] = _identity(path)

    def check_file(
        _: DBAPIConnection, entry: ConnectionPoolEntry, __: PoolProxiedConnection
    ) -> None:
        """Connect anew when the file was replaced, by a backup that was put back for instance.

        The old connection would go on reading the deleted file, and revocations in the new one
        would never be seen.
        """
        if entry.info["file"] != _identity(path):
            raise DisconnectionError(f"{path} was replaced")

    made = create_engine("sqlite://", creator=lambda: _connect(path, busy), poolclass=QueuePool)
    event.listen(made, "connect", note_file)
    event.listen(made, "checkout", check_file)
    event.listen(made, "begin", _begin)
    return made


def make_private_file(path: Path) -> None:
    """Make the folder and the file for their owner only, from the first moment on.

    A folder that was there already keeps its mode, as it may be more than ours; a file does not.
    """
    if not path.parent.exists():
        path.parent.parent.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(0o600)


def use_write_ahead_log(path: Path, patience: float) -> None:
    """Switch the journal, which lasts; SQLite does not wait for a turn here, so we do."""
    connection = _connect(path, BUSY_SECONDS)
    gives_up = time.monotonic() + patience
    try:
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if not is_busy(error) or time.monotonic() > gives_up:
                    raise
                time.sleep(_POLL_SECONDS)
            else:
                return
    finally:
        connection.close()


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
