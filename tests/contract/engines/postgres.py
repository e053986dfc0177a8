"""PostgreSQL: a server of the tests' own, its order of texts a dictionary's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from contract.tables import create_table, insert_rows
from contract.types import Contender, Native, Sample, Server
from penstock.engine.types import EngineSettings, Option
from penstock.model.types import DataType
from penstock.secret import Secret
from support.postgres_server import Address, find_programs, run_postgres

_TYPES = {
    DataType.BOOLEAN: "boolean",
    DataType.INTEGER: "bigint",
    DataType.FLOAT: "double precision",
    DataType.DECIMAL: "numeric(18, 4)",
    DataType.STRING: "text",
    DataType.DATE: "date",
    DataType.TIMESTAMP: "timestamp",
    DataType.TIMESTAMP_TZ: "timestamptz",
    DataType.TIME: "time",
    DataType.BYTES: "bytea",
    DataType.JSON: "json",
}


class Database:
    """Implements Server."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def settings(self, **options: Option) -> EngineSettings:
        address = self._address
        return EngineSettings(
            database="under_test",
            root=Path(),
            files={},
            options={
                "host": address.host,
                "port": address.port,
                "user": address.user,
                "password": Secret(address.password),
                "database": address.database,
                **options,
            },
            memory=1 << 30,
            threads=2,
        )

    def load(self, sample: Sample) -> None:
        with self._address.connect() as connection, connection.cursor() as cursor:
            cursor.execute(create_table(sample, _TYPES).encode())
            cursor.executemany(insert_rows(sample, "%s").encode(), sample.rows)

    def execute(self, *statements: str) -> None:
        self._address.execute(*statements)

    def busy(self) -> bool:
        with self._address.connect() as connection:
            found = connection.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE application_name = 'penstock' AND state <> 'idle'"
            ).fetchone()
        return found is not None and found[0] > 0

    def stop(self) -> None:
        self._address.stop()

    def start(self) -> None:
        self._address.start()


@contextmanager
def start() -> Iterator[Server]:
    with run_postgres(order="en-US") as address:
        yield Database(address)


_NATIVES = (
    Native("smallint", "-32768", DataType.INTEGER, "int16", -32768),
    Native("integer", "2147483647", DataType.INTEGER, "int32", 2147483647),
    Native("bigint", "'-9223372036854775808'", DataType.INTEGER, "int64", -(2**63)),
    Native("oid", "'4294967295'", DataType.INTEGER, "int64", 2**32 - 1),
    Native("real", "0.1", DataType.FLOAT, "float", 0.10000000149011612),
    Native("double precision", "'nan'", DataType.FLOAT, "double", "nan"),
    Native("double precision", "'-infinity'", DataType.FLOAT, "double", float("-inf")),
    Native("numeric(38, 10)", "-1234567890123456789012345678.0123456789", DataType.DECIMAL,
           "decimal128(38, 10)", Decimal("-1234567890123456789012345678.0123456789")),
    Native("numeric", "1e-20", DataType.DECIMAL, "decimal128(38, 20)", Decimal("1e-20")),
    Native("numeric", "99990000000000000000000000000000000000", DataType.DECIMAL,
           "decimal128(38, 0)", Decimal(9999 * 10**34)),
    Native("numeric(5, 2)", "0.05", DataType.DECIMAL, "decimal128(5, 2)", Decimal("0.05")),
    Native("numeric(4, -2)", "123400", DataType.DECIMAL, "decimal128(38, 0)", Decimal(123400)),
    Native("varchar(9)", "'é'", DataType.STRING, "string", "é"),
    Native("char(3)", "'a'", DataType.STRING, "string", "a  "),
    Native("uuid", "'7a0b3f0e-3c8d-4b5e-9f65-0123456789ab'", DataType.STRING, "string",
           "7a0b3f0e-3c8d-4b5e-9f65-0123456789ab"),
    Native("mood", "'happy'", DataType.STRING, "string", "happy"),
    Native("date", "'0001-01-01'", DataType.DATE, "date32[day]", dt.date(1, 1, 1)),
    Native("timestamp(0)", "'2013-01-31 10:00:00'", DataType.TIMESTAMP, "timestamp[us]",
           dt.datetime.fromisoformat("2013-01-31 10:00")),
    Native("timestamptz", "'2013-01-31 23:00:00-05'", DataType.TIMESTAMP_TZ,
           "timestamp[us, tz=UTC]", dt.datetime(2013, 2, 1, 4, tzinfo=dt.UTC)),
    Native("time", "'23:59:59.999999'", DataType.TIME, "time64[us]",
           dt.time(23, 59, 59, 999999)),
    Native("bytea", "'\\x00ff27'", DataType.BYTES, "binary", b"\x00\xff'"),
    Native("json", "'{\"a\":  1}'", DataType.JSON, "string", '{"a":  1}'),
    Native("jsonb", "'{\"a\":  1}'", DataType.JSON, "string", '{"a": 1}'),
    Native("interval", "'1 month -2 days 3.5 seconds'", None, "month_day_nano_interval",
           pa.MonthDayNano([1, -2, 3_500_000_000])),
    Native("integer[]", "'{1,NULL,3}'", None, "list<item: int32>", [1, None, 3]),
    Native("text[]", "'{}'", None, "list<item: string>", []),
    Native("numeric(9, 2)[]", "'{1.50,2.25}'", None, "list<item: decimal128(9, 2)>",
           [Decimal("1.50"), Decimal("2.25")]),
    Native("positive", "7", DataType.INTEGER, "int32", 7),
)  # fmt: skip


def missing() -> str | None:
    return None if find_programs() else "PostgreSQL is not installed (initdb)"


CONTENDER = Contender(
    name="postgres",
    title="PostgreSQL",
    start=start,
    missing=missing,
    uncomputable="SELECT CAST(a AS INTEGER) AS n FROM (VALUES ('1'), ('one')) AS t(a)",
    endless="SELECT count(*) AS n FROM generate_series(1, 100000000) a,"
    " generate_series(1, 100000) b WHERE (a + b) % 7 = 3",
    counting="SELECT generate_series(1::bigint, {n}) AS i",
    natives=_NATIVES,
    prepare=(
        "CREATE TYPE mood AS ENUM ('sad', 'happy')",
        "CREATE DOMAIN positive AS integer CHECK (VALUE > 0)",
    ),
)
