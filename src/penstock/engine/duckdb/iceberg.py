"""An Iceberg table's metadata → its columns and the files that count.

A table knows where it was written; it is read where it lies, so that it may be moved or copied.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
from pyarrow import types
from pyarrow.parquet import read_schema
from pyiceberg.exceptions import ValidationError
from pyiceberg.io.pyarrow import PyArrowFile, PyArrowFileIO, schema_to_pyarrow
from pyiceberg.manifest import FileFormat
from pyiceberg.table import FileScanTask, StaticTable
from pyiceberg.transforms import IdentityTransform

from penstock.engine.duckdb.lakes import LakeTable, Unreadable

_FROM: Final = "penstock.written"
_TO: Final = "penstock.lies"
_READER: Final = "py-io-impl"
_VERSION: Final = re.compile(r"v?(\d+)(-.*)?\.metadata\.json")
_HINT: Final = "version-hint.text"
_NAMES: Final = "schema.name-mapping.default"
_NUMBER: Final = b"PARQUET:field_id"
_ELSEWHERE: Final = (
    "Rewrite its data files (rewrite_data_files), or read it through Spark or Trino."
)


class MovedFiles(PyArrowFileIO):
    """Opens the files of a table where they lie now."""

    def new_input(self, location: str) -> PyArrowFile:
        return super().new_input(_moved(location, self.properties[_FROM], self.properties[_TO]))


def read_iceberg(folder: Path) -> LakeTable:
    """Read the current snapshot of a table. Raises Unreadable."""
    metadata = str(_current(folder / "metadata"))
    try:
        written = StaticTable.from_metadata(metadata).metadata.location
        table = StaticTable.from_metadata(
            metadata,
            {
                _READER: f"{__name__}.{MovedFiles.__name__}",
                _FROM: written,
                _TO: str(folder),
            },
        )
        tasks = list(table.scan().plan_files())
    except (OSError, ValueError, ValidationError) as error:
        raise Unreadable(
            "has metadata that cannot be read", "Look at it with the tool that writes it."
        ) from error
    _refuse_unknown(table, tasks)
    fields = table.schema().fields
    schema = schema_to_pyarrow(table.schema(), include_field_ids=False)
    files = [_moved(task.file.file_path, written, str(folder)) for task in tasks]
    _refuse_unnumbered(table, files)
    return LakeTable(
        schema=schema,
        files=files,
        ids={field.name: field.field_id for field in fields},
        partitions=_partitions(table, tasks, schema),
    )


def _refuse_unknown(table: StaticTable, tasks: Sequence[FileScanTask]) -> None:
    if any(field.initial_default is not None for field in table.schema().fields):
        raise Unreadable("has columns with a value of before they were there", _ELSEWHERE)
    for task in tasks:
        if task.file.file_format is not FileFormat.PARQUET:
            raise Unreadable(f"has files of the format {task.file.file_format.value}", _ELSEWHERE)
        if task.delete_files:
            raise Unreadable("has rows that are deleted in files of their own", _ELSEWHERE)


def _refuse_unnumbered(table: StaticTable, files: Sequence[str]) -> None:
    """Refuse files of before the table was one of Iceberg: they have columns by name only."""
    if _NAMES not in table.properties:
        return
    for file in files:
        if any(_NUMBER not in (field.metadata or {}) for field in read_schema(file)):
            raise Unreadable("has files whose columns have no numbers", _ELSEWHERE)


def _partitions(
    table: StaticTable, tasks: Sequence[FileScanTask], schema: pa.Schema
) -> pa.Table | None:
    """Return the values that each file is partitioned by as they are; not every file holds them."""
    specs = table.specs()
    known: list[dict[str, object]] = [
        {
            table.schema().find_column_name(field.source_id) or "": task.file.partition[position]
            for position, field in enumerate(specs[task.file.spec_id].fields)
            if isinstance(field.transform, IdentityTransform)
        }
        for task in tasks
    ]
    names = {name for each in known for name in each if name in schema.names}
    if any(names - each.keys() for each in known):
        raise Unreadable("has files that are partitioned in several ways", _ELSEWHERE)
    ordered = [name for name in schema.names if name in names]
    if not ordered:
        return None
    columns = [_stored([each[name] for each in known], schema.field(name).type) for name in ordered]
    return pa.table(columns, names=ordered)


def _stored(values: list[object], kind: pa.DataType) -> pa.Array:
    """Return values of a type that are dates and times as the numbers that they are stored as."""
    if types.is_date32(kind):
        return pa.array(values, pa.int32()).view(kind)
    if types.is_timestamp(kind) or types.is_time64(kind):
        return pa.array(values, pa.int64()).view(kind)
    return pa.array(values, kind)


def _current(folder: Path) -> Path:
    """Return the newest of the table's descriptions: the one named by a hint, else by number."""
    numbered = {
        path: int(name[1])
        for path in sorted(folder.glob("*.metadata.json"))
        if (name := _VERSION.fullmatch(path.name))
    }
    hint = folder / _HINT
    said = hint.read_text().strip() if hint.is_file() else ""
    newest = int(said) if said.isdigit() else max(numbered.values(), default=0)
    found = [path for path, number in numbered.items() if number == newest]
    if len(found) != 1:
        raise Unreadable(
            f"has {len(found)} descriptions of its version {newest}",
            "Leave the one that its catalogue has in metadata/, or name it in version-hint.text.",
        )
    return found[0]


def _moved(location: str, written: str, lies: str) -> str:
    """Return the path of a file of the table, the same below it as when it was written."""
    path, root = _path(location), _path(written).rstrip("/")
    if path.startswith(f"{root}/"):
        return lies + path.removeprefix(root)
    return path


def _path(location: str) -> str:
    """Return a path as it is on the disk: nothing in it is escaped."""
    return location.removeprefix("file://").removeprefix("file:")
