"""The project's folder: which files it is made of, and which files these may name."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from penstock.engine.files import find_lake
from penstock.project.document import Document, Step
from penstock.project.report import Report
from penstock.project.types import Place

ROOT_FILE: Final = "penstock.yaml"
SECTIONS: Final = ("connectors", "models", "policies", "queries")
_SUFFIXES: Final = frozenset({".yaml", ".yml"})
SQL_SUFFIX: Final = ".sql"
_PROSE: Final = frozenset({".md", ".txt"})
_MAX_BYTES: Final = 4 << 20

OUTSIDE: Final = "FILE_OUTSIDE"
MISSING: Final = "FILE_NOT_FOUND"
_SAID: Final = {
    OUTSIDE: (
        "This file is not inside the project.",
        "Write a path relative to the project's folder, without `..`.",
    ),
    MISSING: ("There is no such file.", "Write a path relative to the project's folder."),
}


@dataclass(frozen=True, slots=True)
class SourceFile:
    """`name` is what the file defines: its path in its section, without the suffix."""

    path: str
    section: str
    name: str
    text: str


def is_sql(file: SourceFile) -> bool:
    """Whether a file is a query in SQL, with a header in YAML."""
    return file.section == "queries" and file.path.endswith(SQL_SUFFIX)


def read_files(root: Path, report: Report) -> list[SourceFile]:
    """Read every file that a project is made of, in one order everywhere."""
    found = [
        source
        for path, section in _paths(root)
        if (source := _read(root, path, section, report)) is not None
    ]
    seen: dict[tuple[str, str], SourceFile] = {}
    for source in found:
        first = seen.setdefault((source.section, source.name), source)
        if first is not source:
            report.add(Place(source.path), "DUPLICATE_FILE", f"{first.path} has this name already.")
    return list(seen.values())


def _paths(root: Path) -> Iterator[tuple[Path, str]]:
    if (root / ROOT_FILE).is_file():
        yield root / ROOT_FILE, ""
    for section in SECTIONS:
        yield from ((p, section) for p in sorted((root / section).rglob("*")) if p.is_file())


def _read(root: Path, path: Path, section: str, report: Report) -> SourceFile | None:
    relative = path.relative_to(root)
    file = relative.as_posix()
    if any(part.startswith(".") for part in relative.parts) or path.suffix in _PROSE:
        return None
    is_sql = section == "queries" and path.suffix == SQL_SUFFIX
    if path.suffix not in _SUFFIXES and not is_sql:
        hint = "Project files end in .yaml; take everything else elsewhere."
        report.add(Place(file), "UNEXPECTED_FILE", "This is not a project file.", hint)
        return None
    name = relative.with_suffix("").as_posix().removeprefix(f"{section}/")
    if section == "connectors" and "/" in name:
        hint = "Move it into connectors/ itself: its name is what tables call the database."
        report.add(Place(file), "UNEXPECTED_FILE", "A connector lies in no further folder.", hint)
        return None
    if not path.resolve().is_relative_to(root.resolve()):
        report.add(Place(file), OUTSIDE, *_SAID[OUTSIDE])
        return None
    text = _text(path)
    if text is None:
        hint = f"A project file is UTF-8 text of {_MAX_BYTES >> 20} MB at most."
        report.add(Place(file), "UNREADABLE_FILE", "This file cannot be read.", hint)
        return None
    return SourceFile(file, section, name, text)


def _text(path: Path) -> str | None:
    try:
        if path.stat().st_size > _MAX_BYTES:
            return None
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None


def find_file(pattern: str, root: Path) -> Path | None:
    """Return a file or glob of the project as an absolute path, None where nothing matches.

    Raises OutsideError for what is not inside the project.
    """
    path = Path(pattern)
    if path.is_absolute() or ".." in path.parts or "\0" in pattern:
        raise OutsideError
    inside = root.resolve()
    matches = list(_matches(pattern, root))
    if any(not match.resolve().is_relative_to(inside) for match in matches):
        raise OutsideError
    return root / pattern if matches else None


class OutsideError(Exception):
    """The file is not inside the project."""


def _matches(pattern: str, root: Path) -> Iterator[Path]:
    if glob.has_magic(pattern):
        yield from (p for p in root.glob(pattern) if p.is_file())
    elif (root / pattern).is_file() or find_lake(root / pattern) is not None:
        yield root / pattern


def check_file(
    pattern: str, root: Path, document: Document, report: Report, *loc: Step
) -> Path | None:
    """Return the absolute path of a file that a document names, else report it."""
    try:
        found = find_file(pattern, root)
    except OutsideError:
        report.add(document.place(*loc), OUTSIDE, *_SAID[OUTSIDE])
        return None
    if found is None:
        report.add(document.place(*loc), MISSING, *_SAID[MISSING])
    return found
