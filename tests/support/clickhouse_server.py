"""ClickHouse for the tests: the one inside of this process, as the owner of its data sees it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

from chdb.session import Session


class Folder:
    """Embedded data. One folder for a process, until everybody has closed it."""

    def __init__(self, path: Path) -> None:
        path.mkdir(exist_ok=True)
        self._session = Session(str(path))
        self.execute("SET enable_time_time64_type = 1", "SET session_timezone = 'UTC'")

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
