"""A folder that Delta Lake or Iceberg keeps a log of → a view of the files that count now.

The log is read by its own library, the data by DuckDB: only the columns, and of the files only the
parts, that a question needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
from pyarrow.types import is_nested

from penstock.engine.files import PATTERN, Lake
from penstock.engine.names import quote
from penstock.errors import ConfigurationError

HIDDEN: Final = "penstock lakes"
"""The schema of what our views need and nobody may name."""

_FILE: Final = "penstock file"  # the column that says where a row is from
_ROW: Final = "file_row_number"  # DuckDB's own name for a row's number in its file

OUTSIDE: Final = (
    "has files outside of its folder",
    "Copy the table whole: a shallow clone stays a part of another one.",
)
_BROKEN: Final = ("has a log that cannot be read", "Look at it with the tool that writes it.")


@dataclass(frozen=True, slots=True)
class LakeTable:
    """What a log says of a table now.

    `ids` are the numbers that its files know its columns by, none where they go by their names.
    `partitions` has a row for each file in the order of `files`: its values of the columns that lie
    in no file. `deleted` has rows that do not count, by their `file` and their number in it, `row`.
    """

    schema: pa.Schema
    files: Sequence[str]
    ids: Mapping[str, int]
    partitions: pa.Table | None = None
    deleted: pa.Table | None = None


class Unreadable(Exception):  # noqa: N818 - it is told as a ConfigurationError
    """The table has something that is not read here: what, and what to do about it."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


def read_lake(table: str, lake: Lake, folder: Path) -> LakeTable:
    """Read the log of a table. Raises ConfigurationError."""
    read = _reader(lake)
    try:
        found = _readable(read, folder)
        _refuse_names(found.schema.names)
        _refuse_outside(found.files, folder.resolve())
        _refuse_patterns(found.files)
    except Unreadable as error:
        raise ConfigurationError(
            f"The {lake.capitalize()} table {table!r} {error}.", hint=error.hint
        ) from error
    return found


def _readable(read: Callable[[Path], LakeTable], folder: Path) -> LakeTable:
    try:
        return read(folder)
    except Unreadable:
        raise
    except Exception as error:  # what is wrong in a log breaks its library in any way
        raise Unreadable(*_BROKEN) from error


def _refuse_outside(files: Sequence[str], folder: Path) -> None:
    if not all(Path(file).resolve().is_relative_to(folder) for file in files):
        raise Unreadable(*OUTSIDE)


def _refuse_patterns(files: Sequence[str]) -> None:
    """Refuse files of which DuckDB would read others, or one of them twice."""
    for file in files:
        if PATTERN & set(file):
            raise Unreadable(
                f"has a file {Path(file).name!r}, whose name DuckDB takes for a pattern",
                "Write the table anew: its files are called by * ? or [.",
            )
    if len(set(files)) < len(files):
        raise Unreadable("names one file twice", "Write the table anew.")


def _refuse_names(names: Sequence[str]) -> None:
    """Refuse columns that DuckDB takes for others, as it compares names without their case."""
    met = {_FILE, _ROW}
    for name in names:
        if name.lower() in met:
            raise Unreadable(
                f"has a column {name!r}, which DuckDB takes for another one",
                "Rename the column: DuckDB tells no case apart,"
                f" and calls the number of a row {_ROW}.",
            )
        met.add(name.lower())


def _reader(lake: Lake) -> Callable[[Path], LakeTable]:
    try:
        read: Callable[[Path], LakeTable] = getattr(
            import_module(f"penstock.engine.duckdb.{lake}"), f"read_{lake}"
        )
    except ImportError as error:
        raise ConfigurationError(
            f"{lake.capitalize()} tables need the package {error.name!r}, which is not installed.",
            hint=f'pip install "penstock[{lake}]"',
        ) from error
    return read


def create_view(connection: duckdb.DuckDBPyConnection, name: str, table: LakeTable) -> None:
    """Create the view `name` of a table. Raises duckdb.Error."""
    # What is nested has no type in the language, and parts that changed by themselves.
    schema = pa.schema([field for field in table.schema if not is_nested(field.type)])
    types = [str(kind) for kind in connection.from_arrow(schema.empty_table()).types]
    columns = dict(zip(schema.names, types, strict=True))
    if not table.files:
        listed = ", ".join(f"CAST(NULL AS {t}) AS {quote(c)}" for c, t in columns.items())
        connection.execute(f"CREATE VIEW {quote(name)} AS SELECT {listed} WHERE FALSE")
        return
    apart = set() if table.partitions is None else set(table.partitions.column_names)
    stored = {column: type_ for column, type_ in columns.items() if column not in apart}
    source = _scan(table, stored)
    if table.partitions is not None:
        rows = table.partitions.append_column(_FILE, pa.array(table.files, pa.string()))
        kept = _keep(connection, f"{name} partitions", rows, {c: columns[c] for c in apart})
        source = f"{source} JOIN {kept} USING ({quote(_FILE)})"
    if table.deleted is not None:
        rows = table.deleted.rename_columns([_FILE, _ROW])
        kept = _keep(connection, f"{name} deleted", rows, {_ROW: "BIGINT"})
        source = f"{source} ANTI JOIN {kept} USING ({quote(_FILE)}, {quote(_ROW)})"
    listed = ", ".join(f"CAST({quote(c)} AS {t}) AS {quote(c)}" for c, t in columns.items())
    connection.execute(f"CREATE VIEW {quote(name)} AS SELECT {listed} FROM {source}")  # noqa: S608 - quoted


def _scan(table: LakeTable, stored: Mapping[str, str]) -> str:
    """Return a reading of the files in which a column that a file has not is null."""
    keyed = {column: table.ids.get(column, _text(column)) for column in stored}
    entries = ", ".join(
        f"{keyed[column]}: {{'name': {_text(column)}, 'type': {_text(type_)},"
        " 'default_value': NULL}"
        for column, type_ in stored.items()
    )
    files = ", ".join(map(_text, table.files))
    named = (
        "" if table.partitions is None and table.deleted is None else f", filename = {_text(_FILE)}"
    )
    return f"read_parquet([{files}], schema = MAP {{{entries}}}{named})"


def _keep(
    connection: duckdb.DuckDBPyConnection, name: str, rows: pa.Table, columns: Mapping[str, str]
) -> str:
    """Keep what is known of files, in columns of these types; return the name of the table."""
    kept = f"{quote(HIDDEN)}.{quote(name)}"
    listed = ", ".join(f"CAST({quote(c)} AS {t}) AS {quote(c)}" for c, t in columns.items())
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(HIDDEN)}")
    connection.register("rows of files", rows)
    connection.execute(
        f'CREATE TABLE {kept} AS SELECT {listed}, {quote(_FILE)} FROM "rows of files"'  # noqa: S608 - quoted
    )
    connection.unregister("rows of files")
    return kept


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
