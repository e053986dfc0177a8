"""A path → the tables that its files are, and those of Delta Lake and Iceberg."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from penstock.engine.files import find_files, find_lake
from penstock.errors import ConfigurationError
from penstock.project.draft.names import to_name
from penstock.project.files import SECTIONS, find_lake_around

SUFFIXES: Final = (".parquet", ".pq", ".csv", ".tsv", ".json", ".ndjson", ".jsonl")
_COMPRESSED: Final = frozenset({".gz", ".zst"})
_LAKES: Final = "folders of Delta Lake (_delta_log/) and of Iceberg (metadata/*.metadata.json)"
_DEEPEST: Final = 3  # folders that a table of a warehouse lies in

_COUNTED: Final = re.compile(r"[\W\d_]+$")  # what differs between the parts of one table


def find_sources(path: Path) -> dict[str, Path]:
    """Return a file, a glob or the folder of a log for each table in a file, a glob or a folder.

    Raises ConfigurationError where there is nothing to read, and for parts of a table.
    """
    if path.is_dir() and find_lake(path) is not None:
        return {to_name(path.name or path.resolve().name, otherwise="table"): path}
    found = _in_files(path) if not path.is_dir() else dict[str, Path]()
    for stem, pattern in _in_folder(path) if path.is_dir() else ():
        found[to_name(stem, found)] = pattern
    if not found:
        raise ConfigurationError(
            f"There is no file to read in {path}.",
            hint=f"Known are {', '.join(SUFFIXES)}, and {_LAKES}.",
        )
    _refuse_parts(found.values())
    return found


def _refuse_parts(patterns: Iterable[Path]) -> None:
    """Refuse the files of a table that is a folder: rows that were deleted lie in them."""
    files = [
        Path(file).resolve()
        for pattern in patterns
        if find_lake(pattern) is None
        for file in find_files(pattern.absolute())
    ]
    around = find_lake_around(files, Path(files[0].anchor)) if files else None
    if around is not None:
        lake, folder = around
        raise ConfigurationError(
            f"{folder} is a {lake.capitalize()} table: read by themselves, its files also have"
            " rows that were deleted.",
            hint=f"Name that folder, {folder}, or one above it.",
        )


def _in_files(path: Path) -> dict[str, Path]:
    """Return the one table that a file is, or a glob of several."""
    if not find_files(path.absolute()):
        raise ConfigurationError(
            f"There is no file {path}.",
            hint="Name a file, a folder, or a database such as postgresql://user@host/name.",
        )
    if _suffix(path) is None:
        raise ConfigurationError(
            f"{path.name} is of no format that can be read.",
            hint=f"Known are {', '.join(SUFFIXES)}, and database files of DuckDB and SQLite.",
        )
    stem = re.split(r"[*?\[]", path.name)[0] or path.parent.name
    return {to_name(_table(stem.removesuffix(path.suffix)), otherwise=path.parent.name): path}


def _in_folder(folder: Path) -> Iterator[tuple[str, Path]]:
    yield from _grouped(folder)
    for below in _folders(folder):
        if below.name in SECTIONS:
            continue
        yield from _lakes(below, _DEEPEST)
        if find_lake(below) is not None:
            continue
        parts = [part for part in below.iterdir() if part.is_dir() and "=" in part.name]
        if parts:
            suffixes = {s for p in below.rglob("*") if p.is_file() and (s := _suffix(p))}
            yield from ((below.name, below / f"**/*{suffix}") for suffix in sorted(suffixes))
            continue
        found = list(_grouped(below))
        # One table in a folder of its own has the folder's name: the files are only its parts.
        alone = len(found) == 1 and glob.has_magic(found[0][1].name)
        yield from ((below.name, pattern) if alone else (stem, pattern) for stem, pattern in found)


def _folders(folder: Path) -> Iterator[Path]:
    yield from (p for p in sorted(folder.iterdir()) if p.is_dir() and not p.name.startswith("."))


def _lakes(folder: Path, deepest: int) -> Iterator[tuple[str, Path]]:
    """Yield the tables that are a folder with a log: this one, else those below it."""
    if find_lake(folder) is not None:
        yield folder.name, folder
    elif deepest > 1:
        for below in _folders(folder):
            yield from _lakes(below, deepest - 1)


def _grouped(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the tables of one folder; files that differ by a number or a date are one."""
    groups: dict[tuple[str, str], list[Path]] = {}
    for path in sorted(folder.iterdir()):
        suffix = _suffix(path)
        if path.is_file() and suffix is not None and not path.name.startswith("."):
            groups.setdefault((_table(path.name.removesuffix(suffix)), suffix), []).append(path)
    for (stem, suffix), paths in groups.items():
        pattern = f"{glob.escape(stem)}*{suffix}"
        if len(paths) > 1 and sorted(folder.glob(pattern)) == paths:
            yield stem or folder.name, folder / pattern
        else:
            yield from ((path.name.removesuffix(suffix), path) for path in paths)


def _table(stem: str) -> str:
    """Return a file's name without what only numbers it, unless it has nothing else."""
    return _COUNTED.sub("", stem) if re.search(r"\d", stem) else stem


def _suffix(path: Path) -> str | None:
    """Return the part of a file's name that says its format, None for one we cannot read."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes.pop() if suffixes and suffixes[-1] in _COMPRESSED else ""
    if not suffixes or suffixes[-1] not in SUFFIXES:
        return None
    return path.name[-len(suffixes[-1] + packed) :]
