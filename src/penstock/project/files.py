"""The project's folder: which files it is made of, and which files these may name."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from penstock.engine.files import Lake, find_lake
from penstock.project.document import Document, Step
from penstock.project.report import Report
from penstock.project.types import Place

ROOT_FILE: Final = "penstock.yaml"
SECTIONS: Final = ("connectors", "models", "policies", "queries")
_SUFFIXES: Final = frozenset({".yaml", ".yml"})
SQL_SUFFIX: Final = ".sql"
_PARQUET: Final = frozenset({".parquet", ".pq"})
_PROSE: Final = frozenset({".md", ".txt"})
_MAX_BYTES: Final = 4 << 20

OUTSIDE: Final = "FILE_OUTSIDE"
MISSING: Final = "FILE_NOT_FOUND"
_WRONG: Final = "INVALID_VALUE"
_SAID: Final = {
    OUTSIDE: (
        "This file is not inside the project.",
        "Write a path relative to the project's folder, without `..`.",
    ),
    MISSING: ("There is no such file.", "Write a path relative to the project's folder."),
}


def is_folder(path: Path) -> bool:
    """Whether there is a folder at a path that somebody typed, whatever that is."""
    try:
        return path.is_dir()
    except OSError:  # a name that is too long for one, such as a question
        return False


def is_project(folder: Path) -> bool:
    """Whether a folder has a penstock.yaml."""
    return is_folder(folder) and (folder / ROOT_FILE).is_file()


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

    Raises OutsideError for what is not inside the project, FolderError for a folder that is no
    table, and PartOfTableError for a file of a table that is a folder.
    """
    path = Path(pattern)
    if path.is_absolute() or ".." in path.parts or "\0" in pattern:
        raise OutsideError
    inside = root.resolve()
    matches = list(_matches(pattern, root))
    resolved = [match.resolve() for match in matches]
    if any(not path.is_relative_to(inside) for path in resolved):
        raise OutsideError
    around = find_lake_around(resolved, inside)
    if around is not None:
        raise PartOfTableError(around[0], around[1].relative_to(inside).as_posix())
    if not matches and _is_folder(root / pattern, inside):
        raise FolderError
    return root / pattern if matches else None


class OutsideError(Exception):
    """The file is not inside the project."""


class FolderError(Exception):
    """It is a folder, and no table."""


class PartOfTableError(Exception):
    """The file is one of those that a table keeps a log of: it may hold rows that count no more."""

    def __init__(self, lake: Lake, folder: str) -> None:
        super().__init__(folder)
        self.lake = lake
        self.folder = folder


def find_lake_around(files: Iterable[Path], root: Path) -> tuple[Lake, Path] | None:
    """Return a table that has one of these files for its data, and its folder below the root.

    Only Parquet counts: a folder `metadata` may be anybody's, and nobody's tables have CSV in them.
    """
    within = {file.parent for file in files if file.suffix.lower() in _PARQUET}
    around = {above for folder in within for above in (folder, *folder.parents)}
    for folder in sorted(around):
        lake = find_lake(folder) if folder.is_relative_to(root) else None
        if lake is not None:
            return lake, folder
    return None


def _is_folder(path: Path, inside: Path) -> bool:
    return path.is_dir() and path.resolve().is_relative_to(inside)


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
    except PartOfTableError as error:
        report.add(
            document.place(*loc),
            _WRONG,
            f"This reads files of the {error.lake.capitalize()} table {error.folder!r},"
            " rows that were deleted among them.",
            f"Write the folder, `{error.folder}`: then its log says what is in the table.",
        )
        return None
    except FolderError:
        report.add(document.place(*loc), _WRONG, *_folder_said(pattern, root, loc))
        return None
    if found is None:
        report.add(document.place(*loc), MISSING, *_SAID[MISSING])
    return found


def _folder_said(pattern: str, root: Path, loc: tuple[Step, ...]) -> tuple[str, str]:
    """Return what is said of a folder, and what to write."""
    if loc[0] != "files":
        return "This is a folder.", "Write the path of a file."
    inside = (p for p in sorted((root / pattern).glob("[!.]*")) if p.is_file())
    suffix = next(inside, Path("a.parquet")).suffix
    said = (
        "This folder is no table of Delta Lake or Iceberg: it has no `_delta_log/`,"
        " and no `metadata/` with a `*.metadata.json`."
    )
    return (
        said,
        f"For the files in it write a glob, such as `{pattern.rstrip('/')}/*{suffix}`.",
    )
