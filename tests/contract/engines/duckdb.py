"""DuckDB: a database file, read in process."""

from __future__ import annotations

import datetime as dt
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from contract.tables import create_table, insert_rows
from contract.types import Contender, Native, Sample, Server
from penstock.engine.types import EngineSettings, Option
from penstock.model.types import DataType

_TYPES = {
    DataType.BOOLEAN: "BOOLEAN",
    DataType.INTEGER: "BIGINT",
    DataType.FLOAT: "DOUBLE",
    DataType.DECIMAL: "DECIMAL(18, 4)",
    DataType.STRING: "VARCHAR",
    DataType.DATE: "DATE",
    DataType.TIMESTAMP: "TIMESTAMP",
    DataType.TIMESTAMP_TZ: "TIMESTAMPTZ",
    DataType.TIME: "TIME",
    DataType.BYTES: "BLOB",
    DataType.JSON: "JSON",
}


class File:
    """Implements Server. Written to in a copy, which then takes the place of the file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "data.duckdb"
        self.execute()

    def settings(self, **options: Option) -> EngineSettings:
        return EngineSettings(
            database="under_test",
            root=self._folder,
            files={},
            options={"database": "data.duckdb", **options},
            memory=1 << 30,
            threads=2,
        )

    def load(self, sample: Sample) -> None:
        new = self._folder / "new.duckdb"
        shutil.copyfile(self._path, new)
        with duckdb.connect(new) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(create_table(sample, _TYPES))
            if sample.rows:
                connection.executemany(insert_rows(sample, "?"), list(sample.rows))
        new.replace(self._path)

    def execute(self, *statements: str) -> None:
        new = self._folder / "new.duckdb"
        if self._path.exists():
            shutil.copyfile(self._path, new)
        with duckdb.connect(new) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            for statement in statements:
                connection.execute(statement)
        new.replace(self._path)

    def busy(self) -> bool:
        """Whether this process, which is the database too, computes."""
        before = time.process_time()
        time.sleep(0.2)
        return time.process_time() - before > 0.03

    def stop(self) -> None:
        self._path.rename(self._folder / "away.duckdb")

    def start(self) -> None:
        (self._folder / "away.duckdb").rename(self._path)


@contextmanager
def start() -> Iterator[Server]:
    with TemporaryDirectory(prefix="penstock-contract-") as folder:
        yield File(Path(folder))


_NATIVES = (
    Native("TINYINT", "-128", DataType.INTEGER, "int8", -128),
    Native("UTINYINT", "255", DataType.INTEGER, "uint8", 255),
    Native("UINTEGER", "4294967295", DataType.INTEGER, "uint32", 4294967295),
    Native("UBIGINT", "18446744073709551615", DataType.INTEGER, "uint64", 2**64 - 1),
    Native("HUGEINT", "170141183460469231731687303715884105727"[:38], DataType.INTEGER,
           "decimal128(38, 0)", Decimal(17014118346046923173168730371588410572)),
    Native("FLOAT", "'nan'", DataType.FLOAT, "float", "nan"),
    Native("DECIMAL(38, 10)", "1234567890123456789012345678.0123456789", DataType.DECIMAL,
           "decimal128(38, 10)", Decimal("1234567890123456789012345678.0123456789")),
    Native("UUID", "'7a0b3f0e-3c8d-4b5e-9f65-0123456789ab'", DataType.STRING, "string",
           "7a0b3f0e-3c8d-4b5e-9f65-0123456789ab"),
    Native("TIMESTAMPTZ", "'2013-01-31 23:00:00-05'", DataType.TIMESTAMP_TZ,
           "timestamp[us, tz=UTC]", dt.datetime(2013, 2, 1, 4, tzinfo=dt.UTC)),
    Native("JSON", "'{\"a\": 1}'", DataType.JSON, "string", '{"a": 1}'),
    Native("INTEGER[]", "[1, 2]", None, "list<l: int32>", [1, 2]),
)  # fmt: skip

CONTENDER = Contender(
    name="duckdb",
    title="DuckDB",
    start=start,
    missing=lambda: None,
    uncomputable="SELECT CAST(a AS INTEGER) AS n FROM (VALUES ('1'), ('one')) AS t(a)",
    endless="SELECT count(*) AS n FROM range(1000000000000) t(a) WHERE a % 7 = 3",
    counting="SELECT i FROM range(1, {n} + 1) r(i)",
    natives=_NATIVES,
)
