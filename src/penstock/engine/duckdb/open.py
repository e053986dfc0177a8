"""Settings → a DuckDB database that can only be read, and only where it was told to."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Final, TypeAlias
from weakref import finalize

import duckdb
import msgspec

from penstock.engine.duckdb.guard import CATALOG, Relations, find_fault
from penstock.engine.duckdb.lakes import HIDDEN, create_view, read_lake
from penstock.engine.failures import unanswered
from penstock.engine.files import Files, find_lake
from penstock.engine.types import EngineSettings
from penstock.errors import ConfigurationError
from penstock.query.types import Json
from penstock.sql.types import Statement

CHECKED_TEXTS = 4_096
_CHECKED_LENGTH = 16_384  # longer texts are lists of values, rarely seen twice
_IDLE = 64
SPILL_FACTOR = 4
# 10 MiB by default, which eight slow clients would fill eight times; no slower in 2 MiB.
BUFFER = "SET streaming_buffer_size = '2MiB'"

_READERS: Final = {
    ".parquet": "read_parquet",
    ".pq": "read_parquet",
    ".csv": "read_csv",
    ".tsv": "read_csv",
    ".json": "read_json",
    ".ndjson": "read_json",
    ".jsonl": "read_json",
}
_COMPRESSED: Final = frozenset({".gz", ".zst"})

Config: TypeAlias = dict[str, str | bool | int | float | list[str]]

ALWAYS: Final[Config] = {
    # A name that is no table must not find a variable of ours.
    "python_enable_replacements": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_extension_repositories": "forbidden",
    "allow_persistent_secrets": "false",
    # It turns `LIMIT 100000` over a file into a join that gives nothing before it has everything:
    # first row after 22 ms, not 7. It gains where a wide table is sorted for a few rows.
    "disabled_optimizers": "late_materialization",
    "allowed_configs": ["streaming_buffer_size"],
}


@dataclass(slots=True, eq=False, weakref_slot=True)
class Opened:
    """One opening of the data. It closes when told to, or when nobody uses it any more."""

    connection: duckdb.DuckDBPyConnection
    relations: Relations
    files: Files
    close: Callable[[], object]
    broken: bool = False
    _checked: set[str] = field(default_factory=set)
    _idle: deque[duckdb.DuckDBPyConnection] = field(default_factory=lambda: deque(maxlen=_IDLE))

    def take(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor for one statement at a time; a used one saves 100 µs."""
        try:
            return self._idle.pop()
        except IndexError:
            cursor = self.connection.cursor()
            cursor.execute(f"USE {CATALOG}")
            cursor.execute(BUFFER)
            return cursor

    def give_back(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Keep a cursor whose statement was read to its end."""
        self._idle.append(cursor)

    def check(self, statement: Statement, cursor: duckdb.DuckDBPyConnection) -> None:
        """Raise EngineError unless the statement only reads the declared relations."""
        text = statement.text
        if text in self._checked:
            return
        look_at(text, self.relations, cursor)
        if len(self._checked) >= CHECKED_TEXTS:
            self._checked.clear()
        if len(text) <= _CHECKED_LENGTH:
            self._checked.add(text)


def look_at(text: str, relations: Relations, cursor: duckdb.DuckDBPyConnection) -> None:
    """Raise EngineError unless a text only reads these relations."""
    # All rows of one: a cursor is not free again before it was read to its end.
    rows = cursor.execute("SELECT json_serialize_sql(?)", [text]).fetchall()
    tree: Json = msgspec.json.decode(rows[0][0])
    fault = find_fault(tree, relations)
    if fault is not None:
        raise unanswered() from PermissionError(f"refused, because {fault}")


def open_database(settings: EngineSettings, files: Files, database: str | None) -> Opened:
    """Open the files, or the database file, for reading only.

    Both hang in a small database of our own in a private folder, because only a database in a
    file can be opened read-only, and because one process opens a file once: a replaced file could
    not be opened beside the old one. Raises duckdb.Error, ConfigurationError.
    """
    folder = Path(mkdtemp(prefix="penstock-duckdb-"))
    try:
        config = _config(settings, folder)
        # The catalogue of the relations has the same name in both cases.
        home = folder / (f"{CATALOG}.duckdb" if database is None else "home.duckdb")
        with duckdb.connect(home, config=config) as connection:
            allowed = _create_views(connection, files)
        connection = duckdb.connect(home, read_only=True, config=config)
        try:
            if database is not None:
                connection.execute(f"ATTACH ? AS {CATALOG} (READ_ONLY)", [database])
            _lock_down(connection, allowed)
            return _own(connection, folder, files)
        except BaseException:
            connection.close()
            raise
    except BaseException:
        rmtree(folder, ignore_errors=True)
        raise


def _config(settings: EngineSettings, folder: Path) -> Config:
    return {
        **ALWAYS,
        "memory_limit": f"{settings.memory}B",
        "threads": settings.threads,
        "temp_directory": str(folder / "spill"),
        "max_temp_directory_size": f"{settings.memory * SPILL_FACTOR}B",
    }


def _create_views(connection: duckdb.DuckDBPyConnection, files: Files) -> list[str]:
    """Create a view of each table, and return all files that they read."""
    read: list[str] = []
    for table, paths in files.tables.items():
        folder = Path(paths[0]).parent
        lake = find_lake(folder) if Path(paths[0]).is_dir() else None
        if lake is not None:  # the one path is that of its log
            found = read_lake(table, lake, folder)
            create_view(connection, table, found)
            read.extend(found.files)
            continue
        # A relation, not text: names and paths are quoted by DuckDB itself.
        connection.table_function(_find_reader(table, paths), [list(paths)]).create_view(table)
        read.extend(paths)
    return read


def _find_reader(table: str, paths: Sequence[str]) -> str:
    """Return the function that reads the files. Raises ConfigurationError unless there is one."""
    suffixes = {_suffix(path) for path in paths}
    readers = {_READERS.get(suffix) for suffix in suffixes}
    reader = readers.pop()
    if reader is None or readers:
        raise ConfigurationError(
            f"The data of table {table!r} is not of one known format: it has"
            f" {', '.join(sorted(suffixes))}.",
            hint=f"Known are {', '.join(_READERS)}, also compressed with .gz or .zst.",
        )
    return reader


def _suffix(path: str) -> str:
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    if suffixes and suffixes[-1] in _COMPRESSED:
        suffixes.pop()
    return suffixes[-1] if suffixes else Path(path).name


def _lock_down(connection: duckdb.DuckDBPyConnection, allowed: list[str]) -> None:
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET allowed_paths = ?", [allowed])
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _find_relations(connection: duckdb.DuckDBPyConnection) -> Relations:
    rows = connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables()"
        " WHERE NOT internal AND database_name = $catalog"
        " UNION ALL SELECT schema_name, view_name FROM duckdb_views()"
        " WHERE NOT internal AND database_name = $catalog",
        {"catalog": CATALOG},
    ).fetchall()
    named = ((schema.lower(), name.lower()) for schema, name in rows)
    return frozenset(name for name in named if name[0] != HIDDEN)


def _own(connection: duckdb.DuckDBPyConnection, folder: Path, files: Files) -> Opened:
    close = partial(_close, connection, folder)
    opened = Opened(connection, _find_relations(connection), files, close)
    finalize(opened, close)
    return opened


def _close(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    connection.close()
    rmtree(folder, ignore_errors=True)
