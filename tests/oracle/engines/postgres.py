"""PostgreSQL: a server of the tests' own, its order of texts a dictionary's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from oracle.engines.types import Connector, Load
from oracle.tables import create_indexes, create_table, write_lines
from support.postgres_server import Address, find_programs, run_postgres

_TYPES: Final = {
    "boolean": "boolean",
    "int8": "smallint",
    "int16": "smallint",
    "int32": "integer",
    "int64": "bigint",
    "float": "double precision",
    "decimal": "numeric",
    "string": "text",
    "date": "date",
    "timestamp": "timestamp",
    "timestamp_tz": "timestamptz",
}
_PASSWORD: Final = "PENSTOCK_ORACLE_POSTGRES"


class Server:
    def __init__(self, address: Address) -> None:
        self._address = address

    def load(self, load: Load) -> Connector:
        with self._address.connect() as connection:
            connection.execute("SET timezone = 'UTC'")
            connection.execute("SET datestyle = 'ISO'")
            connection.execute(f'CREATE SCHEMA "{load.dataset}"'.encode())
            connection.execute(f'SET search_path = "{load.dataset}"'.encode())
            for name, table in load.tables.items():
                connection.execute(create_table(name, table.schema, _TYPES).encode())
                with connection.cursor().copy(f'COPY "{name}" FROM STDIN'.encode()) as copy:
                    copy.write(write_lines(table))
                for statement in create_indexes(name, load.keys[name]):
                    connection.execute(statement.encode())
            connection.execute("ANALYZE")
        os.environ[_PASSWORD] = self._address.password
        return {
            "engine": "postgres",
            "options": {
                "host": self._address.host,
                "port": self._address.port,
                "user": self._address.user,
                "password": f"${{{_PASSWORD}}}",
                "database": self._address.database,
                "schema": load.dataset,
            },
        }


class PostgreSQL:
    name = "postgres"

    def missing(self) -> str | None:
        return None if find_programs() else "PostgreSQL is not installed (initdb)"

    @contextmanager
    def start(self) -> Iterator[Server]:
        with run_postgres(order="en-US") as address:
            yield Server(address)


ENGINE = PostgreSQL()
