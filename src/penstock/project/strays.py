"""A project's folder → names in it that look like a slip: what they hold is not read."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from penstock.project.files import ROOT_FILE, SECTIONS
from penstock.project.types import Issue

_NEAR: Final = 0.8


def find_strays(root: Path) -> tuple[Issue, ...]:
    """Return a warning for each file or folder that may have been meant as one of a project's.

    Others are nobody's business: a project lies beside data, code and what else a team keeps.
    """
    return tuple(_strays(root))


def _strays(root: Path) -> Iterator[Issue]:
    for path in sorted(root.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir() and path.name not in SECTIONS:
            # `model`, `Policies`, `query`: near enough to one of ours to be meant as that.
            near = get_close_matches(path.name.lower(), (*SECTIONS, *_SINGULAR), 1, _NEAR)
            if near:
                meant = _SINGULAR.get(near[0], near[0])
                yield _warning(f"{path.name}/", f"Nothing in this folder is read: {meant}/ is.")
        elif path.is_file() and path.name != ROOT_FILE and path.stem.lower() == "penstock":
            yield _warning(path.name, f"This file is not read: {ROOT_FILE} is.")


_SINGULAR: Final = {
    "connector": "connectors",
    "model": "models",
    "policy": "policies",
    "query": "queries",
}


def _warning(name: str, message: str) -> Issue:
    return Issue(
        code="STRAY_FILE",
        message=message,
        hint="Rename it, if it is part of the project.",
        file=name,
        line=1,
        column=1,
    )
