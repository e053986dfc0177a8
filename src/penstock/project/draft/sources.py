"""A path → the tables that its files are."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from penstock.errors import ConfigurationError
from penstock.project.draft.names import to_name
from penstock.project.files import SECTIONS

SUFFIXES: Final = (".parquet", ".pq", ".csv", ".tsv", ".json", ".ndjson", ".jsonl")
_COMPRESSED: Final = frozenset({".gz", ".zst"})

_COUNTED: Final = re.compile(r"[\W\d_]+$")  # what differs between the parts of one table


def find_sources(path: Path) -> dict[str, Path]:
    """Return a file, or a glob of several, for each table in a file, a glob or a folder.

    Raises ConfigurationError where there is nothing to read.
    """
    if path.is_dir():
        found = dict[str, Path]()
        for stem, pattern in _in_folder(path):
            found[to_name(stem, found)] = pattern
        if found:
            return found
        raise ConfigurationError(
            f"There is no file to read in {path}.", hint=f"Known are {', '.join(SUFFIXES)}."
        )
    if not path.is_file() and not any(path.parent.glob(path.name)):
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
    for below in sorted(folder.iterdir()):
        if not below.is_dir() or below.name.startswith(".") or below.name in SECTIONS:
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
