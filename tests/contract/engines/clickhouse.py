"""ClickHouse: the one inside of this process, over a folder. Its SQL is the server's own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

from contract.types import Contender, Gap, Native, Sample
from penstock.engine.types import EngineSettings, Option
from penstock.model.types import DataType
from support.clickhouse_server import Folder, literal, process_root, quoted

_TYPES = {
    DataType.BOOLEAN: "Bool",
    DataType.INTEGER: "Int64",
    DataType.FLOAT: "Float64",
    DataType.DECIMAL: "Decimal(18, 4)",
    DataType.STRING: "String",
    DataType.DATE: "Date32",
    DataType.TIMESTAMP: "DateTime64(6)",
    DataType.TIMESTAMP_TZ: "DateTime64(6, 'UTC')",
    DataType.TIME: "Time64(6)",
    DataType.BYTES: "String",
    DataType.JSON: "String",
}

_DATABASE = "contract"


class Server:
    """Implements contract.types.Server."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder = Folder(root / "data", _DATABASE)

    def settings(self, **options: Option) -> EngineSettings:
        return EngineSettings(
            database="under_test",
            root=self._root,
            files={},
            options={"path": "data", "database": _DATABASE, **options},
            memory=1 << 30,
            threads=2,
        )

    def load(self, sample: Sample) -> None:
        required = set(sample.primary_key)
        columns = ", ".join(
            f"{quoted(name)} {_TYPES[type_] if name in required else f'Nullable({_TYPES[type_]})'}"
            for name, type_ in sample.columns.items()
        )
        order = ", ".join(quoted(name) for name in sample.primary_key) or "tuple()"
        table = quoted(sample.name)
        self.execute(f"CREATE TABLE {table} ({columns}) ENGINE = MergeTree ORDER BY ({order})")
        if sample.rows:
            rows = ", ".join(f"({', '.join(map(literal, row))})" for row in sample.rows)
            self.execute(f"INSERT INTO {table} VALUES {rows}")

    def execute(self, *statements: str) -> None:
        self._folder.execute(*statements)

    def busy(self) -> bool:
        return bool(self._folder.at_work())

    def stop(self) -> None:
        (self._root / "data").rename(self._root / "away")

    def start(self) -> None:
        (self._root / "away").rename(self._root / "data")

    def close(self) -> None:
        self._folder.close()


@contextmanager
def start() -> Iterator[Server]:
    server = Server(process_root())
    yield server
    server.close()


def find_missing() -> str | None:
    if find_spec("chdb") is None:
        return 'there is no embedded ClickHouse here: pip install "penstock[chdb]"'
    return None


_NATIVES = (
    Native("Int8", "-128", DataType.INTEGER, "int8", -128),
    Native("UInt64", "18446744073709551615", DataType.INTEGER, "uint64", 2**64 - 1),
    Native("Float32", "0.5", DataType.FLOAT, "float", 0.5),
    Native("Decimal(38, 10)", "'1234567890123456789012345678.0123456789'", DataType.DECIMAL,
           "decimal128(38, 10)", Decimal("1234567890123456789012345678.0123456789")),
    Native("LowCardinality(String)", "'x'", DataType.STRING, "string", "x"),
    Native("UUID", "'7a0b3f0e-3c8d-4b5e-9f65-0123456789ab'", DataType.STRING, "string",
           "7a0b3f0e-3c8d-4b5e-9f65-0123456789ab"),
    Native("DateTime64(6, 'America/New_York')", "'2013-01-31 23:00:00'", DataType.TIMESTAMP_TZ,
           "timestamp[us, tz=UTC]", dt.datetime(2013, 2, 1, 4, tzinfo=dt.UTC)),
    Native("Array(Int32)", "[1, 2]", None, "list<item: int32 not null>", [1, 2]),
)  # fmt: skip

CONTENDER = Contender(
    name="clickhouse",
    title="ClickHouse",
    start=start,
    missing=find_missing,
    uncomputable="SELECT toInt64(arrayJoin(['1', 'one'])) AS n",
    endless="SELECT count() AS n FROM numbers(1000000000000) WHERE number % 7 = 3",
    counting="SELECT toInt64(number + 1) AS i FROM numbers({n})",
    natives=_NATIVES,
    real=False,
    gaps=(
        Gap(
            "columns_are_found_with_their_types[things]",
            "it has one type for text, bytes and JSON that is kept as text",
            "other",
        ),
        Gap(
            "primary_keys_are_found",
            "its primary keys are an order: several rows may have the same",
            "other",
        ),
        Gap("foreign_keys_are_found", "it has none", "other"),
    ),
)
