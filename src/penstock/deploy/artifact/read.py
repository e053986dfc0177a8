"""A project's folder → what an artifact is made of: as far as its names, or all of it."""

from __future__ import annotations

from pathlib import Path

from penstock.deploy.artifact.variables import Variables
from penstock.project.outline import Outline, read_outline
from penstock.project.types import Project, ProjectError


def describe_project(folder: Path) -> Outline | Project:
    """Read what a project is called and which files it names: its model is not looked at.

    Raises ProjectError with every issue where that much is wrong already.
    """
    return read_outline(folder, Variables({})) or read_project(folder, Variables({}))


def read_project(folder: Path, variables: Variables) -> Project:
    """Read and check a project. Raises ProjectError with every issue."""
    from penstock.project.load import check_project  # noqa: PLC0415 half a second at each start

    project, issues = check_project(folder, variables)
    if project is None:
        raise ProjectError(issues)
    return project
