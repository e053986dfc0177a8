"""ClickHouse: the one inside of this process, over a folder. Its SQL is the server's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from oracle.engines.types import Connector, Load
from oracle.tables import name_type
from support.clickhouse_server import Folder, process_root

_TYPES: Final = {
    "boolean": "Bool",
    "int8": "Int8",
    "int16": "Int16",
    "int32": "Int32",
    "int64": "Int64",
    "float": "Float64",
    "decimal": "Decimal",
    "string": "String",
    "date": "Date32",
    "timestamp": "DateTime64(6)",
    "timestamp_tz": "DateTime64(6, 'UTC')",
}


class Embedded:
    """One folder for all datasets: a process opens no second one."""

    def __init__(self, path: Path, folder: Folder) -> None:
        self._path = path
        self._folder = folder

    def load(self, load: Load) -> Connector:
        self._folder.make(load.dataset)
        for name, table in load.tables.items():
            columns = ", ".join(
                f"`{field.name}` Nullable({name_type(field.type, _TYPES)})"
                for field in table.schema
            )
            full = f"`{load.dataset}`.`{name}`"
            lines = load.project / f"{name}.parquet"
            pq.write_table(table, lines)
            self._folder.execute(
                f"CREATE TABLE {full} ({columns}) ENGINE = MergeTree ORDER BY tuple()",
                f"INSERT INTO {full} SELECT * FROM file('{lines}')",
            )
            lines.unlink()
        options = {"path": str(self._path), "database": load.dataset}
        return {"engine": "clickhouse", "options": options}


class ClickHouse:
    name = "clickhouse"

    def missing(self) -> str | None:
        return None if find_spec("chdb") else "there is no embedded ClickHouse (chdb) here"

    @contextmanager
    def start(self) -> Iterator[Embedded]:
        path = process_root() / "data"
        with closing(Folder(path)) as folder:
            yield Embedded(path, folder)


ENGINE = ClickHouse()
