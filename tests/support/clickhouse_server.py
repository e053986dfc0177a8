"""ClickHouse for the tests: the one inside of this process, as the owner of its data sees it."""

from __future__ import annotations

import atexit
import datetime as dt
from decimal import Decimal
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from chdb.session import Session


@cache
def process_root() -> Path:
    """Return the folder that holds this process's one folder of data: it can have no other."""
    root = Path(mkdtemp(prefix="penstock-clickhouse-"))
    atexit.register(rmtree, root, ignore_errors=True)
    return root


class Folder:
    """Embedded data. One folder for a process, a database in it for each suite."""

    def __init__(self, path: Path, database: str | None = None) -> None:
        path.mkdir(exist_ok=True)
        self._session = Session(str(path))
        if database is not None:
            self.make(database)
            self.execute(f"USE {database}")
        self.execute("SET enable_time_time64_type = 1", "SET session_timezone = 'UTC'")

    def make(self, database: str) -> None:
        """Make an empty database; whoever had one of this name is done with it."""
        name = quoted(database)
        self.execute(f"DROP DATABASE IF EXISTS {name} SYNC", f"CREATE DATABASE {name}")

    def execute(self, *statements: str) -> None:
        for statement in statements:
            self._session.query(statement)

    def at_work(self) -> list[str]:
        """Return the statements that run, but for this question."""
        found = self._session.query(
            "SELECT query FROM system.processes WHERE query NOT LIKE '%system.processes%'", "CSV"
        )
        return str(found).splitlines()

    def close(self) -> None:
        self._session.close()


def quoted(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def literal(value: object) -> str:
    """Return a value as ClickHouse writes it."""
    match value:
        case None:
            return "NULL"
        case bool() | int() | float():
            return str(value)
        case bytes():
            return f"unhex('{value.hex()}')"
        case dt.datetime():
            return f"'{value:%Y-%m-%d %H:%M:%S.%f}'"
        case Decimal() | dt.date() | dt.time():
            return f"'{value}'"
        case _:
            escaped = str(value).replace("\\", "\\\\").replace("'", "\\'")
            return f"'{escaped}'"
