"""SQLite: a file, read in process."""

from __future__ import annotations

import datetime as dt
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from contract.tables import create_table, insert_rows
from contract.types import Contender, Gap, Native, Sample, Server
from penstock.engine.types import EngineSettings, Option
from penstock.model.types import DataType

_TYPES = {
    DataType.BOOLEAN: "BOOLEAN",
    DataType.INTEGER: "INTEGER",
    DataType.FLOAT: "REAL",
    DataType.DECIMAL: "DECIMAL(18, 4)",
    DataType.STRING: "TEXT",
    DataType.DATE: "DATE",
    DataType.TIMESTAMP: "TIMESTAMP",
    DataType.TIMESTAMP_TZ: "TIMESTAMPTZ",
    DataType.TIME: "TIME",
    DataType.BYTES: "BLOB",
    DataType.JSON: "JSON",
}


class File:
    """Implements Server."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "data.db"
        self.execute("PRAGMA journal_mode = WAL")

    def settings(self, **options: Option) -> EngineSettings:
        return EngineSettings(
            database="under_test",
            root=self._folder,
            files={},
            options={"database": "data.db", **options},
            memory=1 << 30,
            threads=2,
        )

    def load(self, sample: Sample) -> None:
        with closing(sqlite3.connect(self._path)) as connection:
            connection.execute(create_table(sample, _TYPES))
            rows = [tuple(_stored(value) for value in row) for row in sample.rows]
            connection.executemany(insert_rows(sample, "?"), rows)
            connection.commit()

    def execute(self, *statements: str) -> None:
        with closing(sqlite3.connect(self._path)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    def busy(self) -> bool:
        """Whether this process, which is the database too, computes."""
        before = time.process_time()
        time.sleep(0.2)
        return time.process_time() - before > 0.03

    def stop(self) -> None:
        self._path.rename(self._folder / "away.db")

    def start(self) -> None:
        (self._folder / "away.db").rename(self._path)


def _stored(value: object) -> object:
    """Return what people store: dates and times as text, decimals as numbers."""
    if isinstance(value, dt.date | dt.time):
        return str(value)
    return float(value) if isinstance(value, Decimal) else value


@contextmanager
def start() -> Iterator[Server]:
    with TemporaryDirectory(prefix="penstock-contract-") as folder:
        yield File(Path(folder))


_NATIVES = (
    Native("TINYINT", "-128", DataType.INTEGER, "int64", -128),
    Native("UNSIGNED BIG INT", "9223372036854775807", DataType.INTEGER, "int64", 2**63 - 1),
    Native("DOUBLE PRECISION", "0.1", DataType.FLOAT, "double", 0.1),
    Native("REAL", "9e999", DataType.FLOAT, "double", float("inf")),
    Native("NUMERIC", "19.99", DataType.DECIMAL, "decimal128(38, 2)", Decimal("19.99")),
    Native("DECIMAL_TEXT", "'1234567890123456789012345678.0123456789'", DataType.STRING, "string",
           "1234567890123456789012345678.0123456789"),
    Native("VARCHAR(9)", "'é'", DataType.STRING, "string", "é"),
    Native("BOOLEAN", "TRUE", DataType.BOOLEAN, "bool", True),  # noqa: FBT003 - a value
    Native("DATE", "'0001-01-01'", DataType.DATE, "date32[day]", dt.date(1, 1, 1)),
    Native("DATETIME", "'2013-01-31T10:00:00'", DataType.TIMESTAMP, "timestamp[us]",
           dt.datetime.fromisoformat("2013-01-31 10:00")),
    Native("TIMESTAMP", "'2013-01-31 10:00:00.500000'", DataType.TIMESTAMP, "timestamp[us]",
           dt.datetime.fromisoformat("2013-01-31 10:00:00.5")),
    Native("TIME", "'23:59:59.999999'", DataType.TIME, "time64[us]",
           dt.time(23, 59, 59, 999999)),
    Native("BLOB", "x'00ff27'", DataType.BYTES, "binary", b"\x00\xff'"),
    Native("JSON", "'{\"a\":  1}'", DataType.JSON, "string", '{"a":  1}'),
    Native("", "'anything'", DataType.STRING, "string", "anything"),
)  # fmt: skip

CONTENDER = Contender(
    name="sqlite",
    title="SQLite",
    start=start,
    missing=lambda: None,
    uncomputable="SELECT json_extract('{', '$.a') AS n",
    endless="WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t"
    " WHERE i < 1000000000000) SELECT count(*) AS n FROM t WHERE i % 7 = 3",
    counting="WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < {n})"
    " SELECT i FROM t",
    natives=_NATIVES,
    is_loose=True,
    gaps=(
        Gap(
            "a_decimal_of_eighteen_digits_is_exact",
            "A column of SQLite keeps a decimal as a float: 15 digits are exact.",
            "other",
        ),
    ),
)
