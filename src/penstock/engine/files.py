"""Declared files: a path or a glob → the files it means, and a token of their state.

A folder is a table by itself where it has a log of what is in it: Delta Lake's, or Iceberg's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path

from penstock.errors import ConfigurationError

PATTERN = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Files:
    """The files of every table, what is `watched`, and the token of its state when it was seen."""

    tables: Mapping[str, tuple[str, ...]]
    watched: tuple[str, ...]
    token: str

    def have_changed(self) -> bool:
        return read_token(self.watched) != self.token


class Lake(StrEnum):
    """Who keeps the log of a folder that is a table, under the name of its package's extra."""

    DELTA = "delta"
    ICEBERG = "iceberg"

    @property
    def log(self) -> str:
        """The folder that gets a file with each change of the table."""
        return "_delta_log" if self is Lake.DELTA else "metadata"

    @property
    def entry(self) -> str:
        """How the names of those files end."""
        return ".json" if self is Lake.DELTA else ".metadata.json"


def find_lake(folder: Path) -> Lake | None:
    """Return what a folder is a table of, None where it is none."""
    if (folder / Lake.DELTA.log).is_dir():
        return Lake.DELTA
    is_iceberg = any((folder / Lake.ICEBERG.log).glob(f"*{Lake.ICEBERG.entry}"))
    return Lake.ICEBERG if is_iceberg else None


def lakes_of(files: Iterable[str]) -> frozenset[Lake]:
    """Return of which kinds the tables are that have a log among these files."""
    return frozenset(
        lake
        for path in map(Path, files)
        for lake in Lake
        if path.parent.name == lake.log and path.name.endswith(lake.entry)
    )


def find_files(pattern: Path) -> tuple[str, ...]:
    """Return the files that a path or a glob means now, in order; none if there is none.

    Of a folder that is a table they are all that lie in it, also those that it has no more.
    """
    if pattern.is_file():
        return (str(pattern),)
    if find_lake(pattern) is not None:
        return _all_below(pattern)
    anchor = Path(pattern.anchor)
    found = anchor.glob(str(pattern.relative_to(anchor)))
    # A hidden file is somebody's unfinished one.
    return tuple(sorted(str(p) for p in found if p.is_file() and not p.name.startswith(".")))


def _all_below(folder: Path) -> tuple[str, ...]:
    return tuple(
        sorted(
            str(path)
            for path in folder.rglob("*")
            if path.is_file() and not path.name.startswith(".")
        )
    )


def read_files(patterns: Mapping[str, Path]) -> Files:
    """Find the files of every table and look at their state."""
    tables = {table: _watched(pattern) for table, pattern in patterns.items()}
    watched = tuple(path for paths in tables.values() for path in paths)
    return Files(tables, watched, read_token(watched))


def _watched(pattern: Path) -> tuple[str, ...]:
    """Return the files; of a folder that is a table its log, which tells of any change."""
    lake = find_lake(pattern)
    return find_files(pattern) if lake is None else (str(pattern / lake.log),)


def read_token(paths: Iterable[str]) -> str:
    """Return a digest of names, inodes, sizes and modification times; a missing file counts."""
    digest = blake2b(digest_size=16)
    for path in paths:
        try:
            state = Path(path).stat()
            seen = f"{state.st_ino}:{state.st_size}:{state.st_mtime_ns}"
        except OSError:
            seen = "missing"
        digest.update(f"{len(path)}:{path}:{seen};".encode(errors="surrogateescape"))
    return digest.hexdigest()


def check_files(files: Files, patterns: Mapping[str, Path], database: str) -> None:
    """Raise ConfigurationError where a table has no file, or one that cannot be named alone.

    A database reads the name of a file as a pattern: `a[1].csv` would be `a1.csv` to it.
    """
    for table, paths in files.tables.items():
        if not paths:
            raise ConfigurationError(
                f"No file matches {patterns[table].name!r}, the data of table {table!r}"
                f" in database {database!r}.",
                hint=f"Put it there, or change `files` in connectors/{database}.yaml.",
            )
        for path in paths:
            if PATTERN & set(path):
                raise ConfigurationError(
                    f"The data of table {table!r} lies in {Path(path).name!r}:"
                    " a file's path cannot hold any of `*`, `?` and `[`.",
                    hint="Rename the file or its folder.",
                )
