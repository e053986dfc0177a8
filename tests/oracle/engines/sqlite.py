"""SQLite: a file, read in process; dates and times as text, decimals as numbers, as people do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from oracle.engines.types import Connector, Load
from oracle.tables import create_indexes, create_table

_TYPES: Final = {
    "boolean": "BOOLEAN",
    "int8": "INTEGER",
    "int16": "INTEGER",
    "int32": "INTEGER",
    "int64": "INTEGER",
    "float": "REAL",
    "decimal": "DECIMAL",
    "string": "TEXT",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamp_tz": "TIMESTAMPTZ",
}


class SQLite:
    name = "sqlite"

    def missing(self) -> None:
        return None

    @contextmanager
    def start(self) -> Iterator[SQLite]:
        yield self

    def load(self, load: Load) -> Connector:
        with closing(sqlite3.connect(load.project / "data.db")) as connection:
            for name, table in load.tables.items():
                connection.execute(create_table(name, table.schema, _TYPES))
                columns = [map(_stored, column.to_pylist()) for column in table.columns]
                marks = ", ".join("?" * len(columns))
                insert = f'INSERT INTO "{name}" VALUES ({marks})'
                connection.executemany(insert, zip(*columns, strict=True))
                for statement in create_indexes(name, load.keys[name]):
                    connection.execute(statement)
            connection.execute("ANALYZE")
            connection.commit()
        return {"engine": "sqlite", "database": "data.db"}


def _stored(value: object) -> object:
    match value:
        case datetime():
            return str(value.replace(tzinfo=None))
        case date():
            return str(value)
        case Decimal():
            return float(value)
        case _:
            return value


ENGINE = SQLite()
