"""Declared files: a path or a glob → the files it means, and a token of their state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from penstock.errors import ConfigurationError

_PATTERN = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Files:
    """The files of every table, what is `watched`, and the token of its state when it was seen."""

    tables: Mapping[str, tuple[str, ...]]
    watched: tuple[str, ...]
    token: str

    def have_changed(self) -> bool:
        return read_token(self.watched) != self.token


def find_files(pattern: Path) -> tuple[str, ...]:
    """Return the files that a path or a glob means now, in order; none if there is none."""
    if pattern.is_file():
        return (str(pattern),)
    anchor = Path(pattern.anchor)
    found = anchor.glob(str(pattern.relative_to(anchor)))
    # A hidden file is somebody's unfinished one.
    return tuple(sorted(str(p) for p in found if p.is_file() and not p.name.startswith(".")))


def read_files(patterns: Mapping[str, Path]) -> Files:
    """Find the files of every table and look at their state."""
    tables = {table: find_files(pattern) for table, pattern in patterns.items()}
    watched = tuple(path for paths in tables.values() for path in paths)
    return Files(tables, watched, read_token(watched))


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
            if _PATTERN & set(path):
                raise ConfigurationError(
                    f"The data of table {table!r} lies in {Path(path).name!r}:"
                    " a file's path cannot hold any of `*`, `?` and `[`.",
                    hint="Rename the file or its folder.",
                )
