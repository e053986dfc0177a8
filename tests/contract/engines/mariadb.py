"""MariaDB: a server of the tests' own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path

import pymysql

from contract.tables import create_table, insert_rows
from contract.types import Contender, Gap, Native, Sample
from penstock.engine.types import EngineSettings, Option
from penstock.model.types import DataType
from penstock.secret import Secret
from support.mariadb_server import Server as Process
from support.mariadb_server import find_missing, serve_mariadb

_TYPES = {
    DataType.BOOLEAN: "BOOLEAN",
    DataType.INTEGER: "BIGINT",
    DataType.FLOAT: "DOUBLE",
    DataType.DECIMAL: "DECIMAL(18, 4)",
    # Such that 'a' and 'A' are the same to it, as in most databases there are.
    DataType.STRING: "VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
    DataType.DATE: "DATE",
    DataType.TIMESTAMP: "DATETIME(6)",
    # TIMESTAMP begins in 1970.
    DataType.TIMESTAMP_TZ: "DATETIME(6)",
    DataType.TIME: "TIME(6)",
    DataType.BYTES: "BLOB",
    DataType.JSON: "JSON",
}


class Server:
    """Implements contract.types.Server."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def settings(self, **options: Option) -> EngineSettings:
        address = self._process.address
        return EngineSettings(
            database="under_test",
            root=Path(),
            files={},
            options={
                "host": address.host,
                "port": address.port,
                "user": address.user,
                "password": Secret(address.password),
                "database": "test",
                **options,
            },
            memory=1 << 30,
            threads=2,
        )

    def load(self, sample: Sample) -> None:
        with closing(self._connect()) as connection, connection.cursor() as cursor:
            cursor.execute(create_table(sample, _TYPES, quote="`"))
            if sample.rows:
                cursor.executemany(insert_rows(sample, "%s", quote="`"), list(sample.rows))

    def execute(self, *statements: str) -> None:
        with closing(self._connect()) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def busy(self) -> bool:
        return bool(self.at_work())

    def at_work(self) -> list[str]:
        """Return the statements that sessions of the engine's are at."""
        with closing(self._connect()) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT info FROM information_schema.processlist"
                " WHERE command = 'Query' AND id <> CONNECTION_ID()"
            )
            return [str(row[0]) for row in cursor.fetchall()]

    def stop(self) -> None:
        self._process.stop()

    def start(self) -> None:
        self._process.start()

    def _connect(self) -> pymysql.Connection[pymysql.cursors.Cursor]:
        address = self._process.address
        return pymysql.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password,
            database="test",
            charset="utf8mb4",
            autocommit=True,
            init_command="SET time_zone = '+00:00', sql_mode = 'ANSI_QUOTES'",
        )


@contextmanager
def start() -> Iterator[Server]:
    with serve_mariadb() as process:
        yield Server(process)


_NATIVES = (
    Native("TINYINT", "-128", DataType.INTEGER, "int64", -128),
    Native("TINYINT UNSIGNED", "255", DataType.INTEGER, "int64", 255),
    Native("BOOLEAN", "TRUE", DataType.BOOLEAN, "int64", 1),
    Native("BIGINT UNSIGNED", "18446744073709551615", DataType.INTEGER, "uint64", 2**64 - 1),
    Native("FLOAT", "0.5", DataType.FLOAT, "double", 0.5),
    Native("DECIMAL(38, 10)", "1234567890123456789012345678.0123456789", DataType.DECIMAL,
           "decimal128(38, 10)", Decimal("1234567890123456789012345678.0123456789")),
    Native("DECIMAL(5, 2) UNSIGNED", "999.99", DataType.DECIMAL,
           "decimal128(5, 2)", Decimal("999.99")),
    Native("DATETIME(3)", "'2013-01-31 23:00:00.125'", DataType.TIMESTAMP,
           "timestamp[us]", dt.datetime(2013, 1, 31, 23, 0, 0, 125000)),  # noqa: DTZ001 - it has no zone
    Native("TIMESTAMP", "'2013-01-31 23:00:00'", DataType.TIMESTAMP_TZ,
           "timestamp[us, tz=UTC]", dt.datetime(2013, 1, 31, 23, tzinfo=dt.UTC)),
    Native("YEAR", "2013", DataType.INTEGER, "int64", 2013),
    Native("BIT(12)", "b'101000000001'", DataType.INTEGER, "int64", 2561),
    Native("ENUM('a', 'b')", "'b'", DataType.STRING, "string", "b"),
    Native("UUID", "'7a0b3f0e-3c8d-4b5e-9f65-0123456789ab'", DataType.STRING, "string",
           "7a0b3f0e-3c8d-4b5e-9f65-0123456789ab"),
    Native("VARBINARY(9)", "x'00ff'", DataType.BYTES, "binary", b"\x00\xff"),
    Native("VARCHAR(9) CHARACTER SET latin1", "'é'", DataType.STRING, "string", "é"),
)  # fmt: skip

CONTENDER = Contender(
    name="mariadb",
    title="MariaDB",
    start=start,
    missing=find_missing,
    uncomputable="SELECT CAST('one' AS SIGNED) AS n",
    endless="SELECT COUNT(*) AS n FROM seq_1_to_1000000000000 WHERE seq % 7 = 3",
    counting="SELECT seq AS i FROM seq_1_to_{n}",
    natives=_NATIVES,
    gaps=(
        Gap(
            "columns_are_found_with_their_types[things]",
            "a TIMESTAMP, which has a zone, begins in 1970: older ones are a DATETIME, without",
            "other",
        ),
        Gap(
            "a_time_zone_moves_moments_to_its_own_days",
            "it knows the clocks of time zones from 1970 to 2038 only",
            "ERROR: The database cannot tell what the clocks of the time zone show.",
        ),
    ),
)
