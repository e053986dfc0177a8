"""A template and a name → a new project's folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from enum import StrEnum
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template as Text
from typing import Final

from pydantic_core import PydanticCustomError

from penstock.errors import ConfigurationError
from penstock.project.draft.names import to_name
from penstock.project.fields import check_name


class Template(StrEnum):
    """What a new project begins with."""

    QUERY = "query"
    EMPTY = "empty"
    HANDLERS = "handlers"


# Each is only what it adds to those before it.
_PARTS: Final = {
    Template.QUERY: ("query",),
    Template.EMPTY: ("empty",),
    Template.HANDLERS: ("query", "handlers"),
}
_AS_IS: Final = ".template"  # ends the names of what tools would otherwise take for ours
_NAMED: Final = frozenset({"README.md", "penstock.yaml"})  # where `$name` stands for the name


def start_project(name: str, template: Template, folder: Path) -> tuple[str, ...]:
    """Write a new project, and return the names of its files.

    Raises ConfigurationError for a name that is none, and for a folder with anything in it.
    """
    _check_name(name)
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise ConfigurationError(
            f"{folder} is there already.", hint="Name another folder, or an empty one."
        )
    wanted = dict(_files(template))
    was_there = folder.is_dir()
    try:
        for place, source in wanted.items():
            _write(folder / place, source, name)
    except OSError as error:
        if not was_there:
            shutil.rmtree(folder, ignore_errors=True)
        raise ConfigurationError(
            f"{error.filename or folder} cannot be written: {error.strerror}.",
            hint="Name a folder that you may write to, with room for it.",
        ) from error
    return tuple(sorted(wanted))


def _check_name(name: str) -> None:
    try:
        check_name(name)
    except PydanticCustomError as error:
        raise ConfigurationError(
            f"A project cannot be called {name!r}: a name has letters, digits and `_`, and does not"
            " start with a digit.",
            hint=f"{to_name(name, otherwise='project')!r} would do.",
        ) from error


def _files(template: Template) -> Iterator[tuple[str, Traversable]]:
    for part in _PARTS[template]:
        yield from _below(files("penstock") / "templates" / part, "")


def _below(folder: Traversable, above: str) -> Iterator[tuple[str, Traversable]]:
    for found in folder.iterdir():
        if found.is_dir() and found.name != "__pycache__":
            yield from _below(found, f"{above}{found.name}/")
        elif found.is_file():
            yield f"{above}{found.name.removesuffix(_AS_IS)}", found


def _write(path: Path, source: Traversable, name: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = source.read_text(encoding="utf-8")
    if path.name in _NAMED:
        text = Text(text).safe_substitute(name=name)
    path.write_text(text, encoding="utf-8")
