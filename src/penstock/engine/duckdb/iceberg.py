"""An Iceberg table's metadata → its columns and the files that count.

A table knows where it was written; it is read where it lies, so that it may be moved or copied.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Never

import pyarrow as pa
from pyarrow import types
from pyarrow.fs import LocalFileSystem
from pyarrow.parquet import read_schema
from pyiceberg.io import FileIO, InputFile, OutputFile
from pyiceberg.io.pyarrow import PyArrowFile, schema_to_pyarrow
from pyiceberg.manifest import FileFormat, read_manifest_list
from pyiceberg.serializers import FromInputFile
from pyiceberg.table import FileScanTask, ManifestGroupPlanner
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.transforms import IdentityTransform

from penstock.engine.duckdb.lakes import OUTSIDE, LakeTable, Unreadable

_VERSION: Final = re.compile(r"v?(\d+)(-.*)?\.metadata\.json")
_HINT: Final = "version-hint.text"
_NAMES: Final = "schema.name-mapping.default"
_NUMBER: Final = b"PARQUET:field_id"
_ELSEWHERE: Final = (
    "Rewrite its data files (rewrite_data_files), or read it through Spark or Trino."
)


class MovedFiles(FileIO):
    """Opens the files of a table where they lie now: below its folder, and nothing else.

    It takes no property of the table: with those, whoever wrote it would choose what is opened,
    and by which code.
    """

    def __init__(self, folder: Path, written: str) -> None:
        super().__init__({})
        self._folder = folder.resolve()
        self._written = _path(written).rstrip("/")

    def find(self, location: str) -> str:
        """Return where a file lies, as far below the folder as it was. Raises Unreadable."""
        path = _path(location)
        if self._written and path.startswith(f"{self._written}/"):
            path = f"{self._folder}{path.removeprefix(self._written)}"
        found = Path(path).resolve()
        if not path.startswith("/") or not found.is_relative_to(self._folder):
            raise Unreadable(*OUTSIDE)
        return str(found)

    def new_input(self, location: str) -> PyArrowFile:
        return PyArrowFile(location, self.find(location), LocalFileSystem())

    def new_output(self, location: str) -> Never:
        raise PermissionError(location)

    def delete(self, location: str | InputFile | OutputFile) -> Never:
        raise PermissionError(location)


def read_iceberg(folder: Path) -> LakeTable:
    """Read the current snapshot of a table. Raises Unreadable; any error if it is broken."""
    current = str(_current(folder / "metadata"))
    table = FromInputFile.table_metadata(MovedFiles(folder, "").new_input(current))
    io = MovedFiles(folder, table.location)
    snapshot = table.current_snapshot()
    # Not through the snapshot: it would take what another table said of a manifest of this name.
    listed = (
        [] if snapshot is None else list(read_manifest_list(io.new_input(snapshot.manifest_list)))
    )
    tasks = list(ManifestGroupPlanner(table, io).plan_files(listed))
    _refuse_unknown(table, tasks)
    fields = table.schema().fields
    schema = schema_to_pyarrow(table.schema(), include_field_ids=False)
    files = [io.find(task.file.file_path) for task in tasks]
    if _NAMES in table.properties and any(None in _numbers(file) for file in files):
        # They are of before the table was one of Iceberg, and have columns by name only.
        raise Unreadable("has files whose columns have no numbers", _ELSEWHERE)
    return LakeTable(
        schema=schema,
        files=files,
        ids={field.name: field.field_id for field in fields},
        partitions=_partitions(table, tasks, schema, files),
    )


def _refuse_unknown(table: TableMetadata, tasks: Sequence[FileScanTask]) -> None:
    if any(field.initial_default is not None for field in table.schema().fields):
        raise Unreadable("has columns with a value of before they were there", _ELSEWHERE)
    for task in tasks:
        if task.file.file_format is not FileFormat.PARQUET:
            raise Unreadable(f"has files of the format {task.file.file_format.value}", _ELSEWHERE)
        if task.delete_files:
            raise Unreadable("has rows that are deleted in files of their own", _ELSEWHERE)


def _numbers(file: str) -> set[int | None]:
    """Return the numbers of a file's columns, None among them if one has none."""
    said = [(field.metadata or {}).get(_NUMBER) for field in read_schema(file)]
    return {None if number is None else int(number) for number in said}


def _partitions(
    table: TableMetadata, tasks: Sequence[FileScanTask], schema: pa.Schema, files: Sequence[str]
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
    names -= _inexact(table, names, schema, files)
    if any(names - each.keys() for each in known):
        raise Unreadable("has files that are partitioned in several ways", _ELSEWHERE)
    ordered = [name for name in schema.names if name in names]
    if not ordered:
        return None
    columns = [_stored([each[name] for each in known], schema.field(name).type) for name in ordered]
    return pa.table(columns, names=ordered)


def _inexact(
    table: TableMetadata, names: set[str], schema: pa.Schema, files: Sequence[str]
) -> set[str]:
    """Return the partitions whose values only the files have, since the log's are rounded."""
    found = {name for name in names if types.is_floating(schema.field(name).type)}
    wanted = {table.schema().find_field(name).field_id for name in found}
    if any(wanted - _numbers(file) for file in files if wanted):
        raise Unreadable("is partitioned by floats that its files do not have", _ELSEWHERE)
    return found


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
    newest = int(said) if said.isdecimal() else max(numbered.values(), default=0)
    found = [path for path, number in numbered.items() if number == newest]
    if len(found) != 1:
        raise Unreadable(
            f"has {len(found)} descriptions of its version {newest}",
            "Leave the one that its catalogue has in metadata/, or name it in version-hint.text.",
        )
    return found[0]


def _path(location: str) -> str:
    """Return a path as it is on the disk: nothing in it is escaped."""
    return location.removeprefix("file://").removeprefix("file:")
