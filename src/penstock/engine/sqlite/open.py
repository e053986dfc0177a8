"""A file → connections that can only read it."""

from __future__ import annotations

import sqlite3
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Final
from urllib.parse import quote as escape

from penstock.engine.sqlite.functions import Value, lend_functions
from penstock.engine.types import EngineSettings
from penstock.errors import ConfigurationError, PenstockError, UnavailableError, raise_all
from penstock.sql.types import Bound

_OPTIONS: Final = ("database",)
_IDLE: Final = 16
_PATIENCE: Final = 5.0  # seconds for which another program may be writing

_ALLOWED: Final = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)
_FORBIDDEN: Final = frozenset({"load_extension", "readfile", "writefile", "fts3_tokenizer"})


def read_path(settings: EngineSettings) -> Path:
    """Return the file. Raises ConfigurationError."""
    where = f"connectors/{settings.database}.yaml"
    problems: list[PenstockError] = [
        ConfigurationError(
            f"SQLite has no option {name!r}, which database {settings.database!r} sets.",
            hint=f"See `options` in {where}; known is `database`.",
        )
        for name in sorted(set(settings.options) - set(_OPTIONS))
    ]
    path = settings.options.get("database")
    if not isinstance(path, str) or not path:
        problems.append(
            ConfigurationError(
                f"Database {settings.database!r} does not say which file it is.",
                hint=f"Write `database: data/name.db` in {where}.",
            )
        )
    raise_all(problems)
    return settings.root / str(path)


@dataclass(slots=True)
class Opened:
    """One file, as long as it is the same one."""

    path: Path
    inode: tuple[int, int]
    idle: deque[sqlite3.Connection] = field(default_factory=lambda: deque(maxlen=_IDLE))

    def take(self) -> sqlite3.Connection:
        """Return a connection for one statement at a time. Raises sqlite3.Error."""
        try:
            return self.idle.pop()
        except IndexError:
            return connect(self.path)

    def give_back(self, connection: sqlite3.Connection) -> None:
        """Keep a connection whose statement was read to its end."""
        if len(self.idle) == _IDLE:
            connection.close()
        else:
            self.idle.append(connection)

    def close(self) -> None:
        while self.idle:
            self.idle.pop().close()


def open_file(path: Path) -> Opened:
    """Open a file, without a look into it. Raises UnavailableError where there is none."""
    return Opened(path, find_inode(path))


def find_inode(path: Path) -> tuple[int, int]:
    """Return which file a path is. Raises UnavailableError where there is none."""
    try:
        state = path.stat()
    except OSError as error:
        raise UnavailableError("The data cannot be read at the moment.") from error
    return state.st_dev, state.st_ino


def connect(path: Path) -> sqlite3.Connection:
    """Open a file for reading only. Raises sqlite3.Error."""
    connection = sqlite3.connect(
        f"file:{escape(str(path.absolute()))}?mode=ro",
        uri=True,
        check_same_thread=False,  # one thread at a time: `Rows` sees to it
        isolation_level=None,
        timeout=_PATIENCE,
    )
    try:
        connection.execute("PRAGMA query_only = ON")
        # A view may say whatever a statement may: older versions trust no view that reads JSON.
        connection.execute("PRAGMA trusted_schema = ON")
        lend_functions(connection)
        connection.set_authorizer(_authorize)
    except BaseException:
        connection.close()
        raise
    return connection


def write_value(value: Bound) -> Value:
    """Return a value as SQLite would have stored it."""
    match value:
        case bool():
            return int(value)
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime():
            return str(
                value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
            )
        case date() | time():
            return str(value)
        case _:
            return value


def _authorize(
    action: int, first: str | None, second: str | None, _database: str | None, _inner: str | None
) -> int:
    """Allow reading the data, and nothing else: no PRAGMA, no ATTACH, no table of SQLite's own."""
    if action not in _ALLOWED:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_READ and (first or "").lower().startswith("sqlite_"):
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _FORBIDDEN:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK
