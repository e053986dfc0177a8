"""MariaDB: a server of the tests' own, to which 'a' and 'A' are the same, as to most there are."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final

import pymysql
from pymysql.constants import CLIENT

from oracle.engines.types import Connector, Load
from oracle.tables import create_indexes, create_table, write_lines
from support.mariadb_server import Address, find_missing, run_mariadb

_TYPES: Final = {
    "boolean": "BOOLEAN",
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INT",
    "int64": "BIGINT",
    "float": "DOUBLE",
    "decimal": "DECIMAL",
    "string": "VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
    "date": "DATE",
    "timestamp": "DATETIME(6)",
    "timestamp_tz": "TIMESTAMP(6) NULL",
}
_PASSWORD: Final = "PENSTOCK_ORACLE_MARIADB"
_TEACHER: Final = "mariadb-tzinfo-to-sql"
_ZONES: Final = "/usr/share/zoneinfo"


class Server:
    def __init__(self, address: Address) -> None:
        self._address = address

    def teach_zones(self) -> None:
        """Load the clocks of all places, as MariaDB's manual tells its administrators to."""
        told = subprocess.run([_TEACHER, _ZONES], capture_output=True, check=False)
        with closing(self._connect()) as connection, connection.cursor() as cursor:
            cursor.execute("USE mysql")
            cursor.execute(told.stdout.decode())
            while cursor.nextset():
                pass

    def load(self, load: Load) -> Connector:
        address = self._address
        with closing(self._connect()) as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE `{load.dataset}`")
            cursor.execute(f"USE `{load.dataset}`")
            for name, table in load.tables.items():
                cursor.execute(create_table(name, table.schema, _TYPES, quote="`"))
                lines = load.project / "lines"
                lines.write_bytes(write_lines(table, booleans=("0", "1")))
                cursor.execute(
                    f"LOAD DATA LOCAL INFILE '{lines}' INTO TABLE `{name}` CHARACTER SET utf8mb4"
                )
                lines.unlink()
                for statement in create_indexes(name, load.keys[name], quote="`"):
                    cursor.execute(statement)
                cursor.execute(f"ANALYZE TABLE `{name}`")
        os.environ[_PASSWORD] = address.password
        return {
            "engine": "mariadb",
            "options": {
                "host": address.host,
                "port": address.port,
                "user": address.user,
                "password": f"${{{_PASSWORD}}}",
                "database": load.dataset,
            },
        }

    def _connect(self) -> pymysql.Connection[pymysql.cursors.Cursor]:
        address = self._address
        return pymysql.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password,
            charset="utf8mb4",
            autocommit=True,
            local_infile=True,
            client_flag=CLIENT.MULTI_STATEMENTS,
            init_command="SET time_zone = '+00:00'",
        )


class MariaDB:
    name = "mariadb"

    def missing(self) -> str | None:
        return find_missing()

    @contextmanager
    def start(self) -> Iterator[Server]:
        with run_mariadb() as address:
            server = Server(address)
            server.teach_zones()
            yield server


ENGINE = MariaDB()
