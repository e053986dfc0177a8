"""A project's folder → what it is called and made of: all that can be told without its model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from penstock.project.files import is_project
from penstock.project.folder import Folder
from penstock.project.report import Report
from penstock.project.root import read_root
from penstock.project.types import Authentication, Connector


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A fifth of what reading a whole project takes: neither its model nor its queries are read."""

    name: str
    title: str | None
    api: str
    root: Path
    connectors: Mapping[str, Connector]
    authentication: Authentication


def read_outline(folder: Path, environ: Mapping[str, str]) -> Outline | None:
    """Return None where anything is wrong with it: `load_project` says what."""
    report = Report()
    files = Folder(folder.absolute(), environ, report)
    if not is_project(files.root):
        return None
    files.read()
    files.compose("", "connectors")
    connectors = files.connectors()
    root = None if files.top is None else read_root(files.top, files.root, None, report)
    if root is None or report.issues:
        return None
    return Outline(
        name=root.name,
        title=root.title,
        api=root.api,
        root=files.root,
        connectors=connectors,
        authentication=root.authentication,
    )
