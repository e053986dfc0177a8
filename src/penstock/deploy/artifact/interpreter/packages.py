"""The packages installed here → those that a node needs, and which of their files."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path
from typing import Final

from penstock.errors import ArtifactError

OWN: Final = "penstock"

_REQUIREMENT: Final = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)\s*(?:\[(?P<extras>[^]]*)])?[^;]*;?(?P<when>.*)"
)
_EXTRA: Final = re.compile(r"extra\s*==\s*['\"]([^'\"]+)")

# What of a package is for those who build or test with it.
_NEVER: Final = frozenset({"__pycache__", "include", "tests"})
_HEADERS: Final = (".a", ".c", ".cc", ".cpp", ".h", ".hpp")
_SOURCES: Final = (*_HEADERS, ".pth", ".pxd", ".pxi", ".pyc", ".pyi", ".pyx")
_TOLD: Final = frozenset({"METADATA", "WHEEL", "entry_points.txt", "top_level.txt"})


@dataclass(frozen=True, slots=True)
class Package:
    """A distribution and its files: where each lies below `site-packages`, and where here."""

    name: str
    version: str
    files: tuple[tuple[str, str], ...]


def find_packages(name: str, extras: Iterable[str] = ()) -> dict[str, Package]:
    """Return a distribution and all it requires, as far as it is installed, by name.

    Raises ArtifactError where the distribution itself is not.
    """
    found = _closure(name, extras)
    return {key: _package(key, found[key]) for key in sorted(found)}


def find_names(name: str, extras: Iterable[str] = ()) -> frozenset[str]:
    """Return the names of what `find_packages` does."""
    return frozenset(_closure(name, extras))


def _closure(name: str, extras: Iterable[str]) -> dict[str, Distribution]:
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(_normal(name), frozenset(extras))]
    while waiting:
        wanted = waiting.pop()
        if wanted in seen:
            continue
        seen.add(wanted)
        installed = _installed(wanted[0])
        if installed is not None:
            found[wanted[0]] = installed
            waiting += _required(installed, wanted[1])
    if _normal(name) not in found:
        raise ArtifactError(
            f"The package {name!r} is not installed here.", hint=f"pip install {name}"
        )
    return found


def required_by(extra: str) -> tuple[str, ...]:
    """Return the distributions that one of our extras asks for."""
    own = _installed(OWN)
    asked = () if own is None else _required(own, frozenset({extra}))
    plain = () if own is None else _required(own, frozenset())
    return tuple(sorted({name for name, _ in asked} - {name for name, _ in plain}))


def _required(
    installed: Distribution, extras: frozenset[str]
) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield what it requires, whatever it says of systems and versions: see `find_packages`."""
    for text in installed.requires or ():
        requirement = _REQUIREMENT.match(text)
        if requirement is None:
            continue
        asked = frozenset(_EXTRA.findall(requirement["when"]))
        if not asked or asked & extras:
            given = (extra.strip() for extra in (requirement["extras"] or "").split(","))
            yield _normal(requirement["name"]), frozenset(filter(None, given))


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _package(name: str, installed: Distribution) -> Package:
    found = dict(_files(installed))
    if name == OWN:  # maybe installed to be worked on: its files are not where others' are
        found |= dict(_own_files())
    return Package(name, installed.version, tuple(sorted(found.items())))


def _files(installed: Distribution) -> Iterator[tuple[str, str]]:
    """Yield what was installed, as its own list says: text, as there are thousands of lines."""
    root = str(installed.locate_file(""))
    for line in csv.reader((installed.read_text("RECORD") or "").splitlines()):
        place = line[0]
        folders, _, name = place.rpartition("/")
        parts = folders.split("/")
        if ".." in parts or not _NEVER.isdisjoint(parts) or name.endswith(_SOURCES):
            continue
        is_told = not parts[0].endswith(".dist-info") or name in _TOLD or "licenses" in parts
        path = f"{root}/{place}"
        if is_told and os.path.isfile(path):  # noqa: PTH113 - thousands of files: a Path costs more than the look
            yield place, path


def _own_files() -> Iterator[tuple[str, str]]:
    root = Path(str(files(OWN)))
    for path in walk_files(root, frozenset({"__pycache__"})):
        yield f"{OWN}/{path.removeprefix(f'{root}/')}", path


def walk_files(root: Path, unused: frozenset[str]) -> Iterator[str]:
    """Yield every file below a folder, but not what lies in folders of these names."""
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in unused]
        yield from (f"{folder}/{name}" for name in names)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
