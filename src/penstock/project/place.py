"""A path that somebody typed → whether there is a folder, or a project: whatever it is."""

from __future__ import annotations

from pathlib import Path

from penstock.project.files import ROOT_FILE


def is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long for one, such as a question
        return False


def is_project(folder: Path) -> bool:
    """Whether a folder has a penstock.yaml."""
    return is_folder(folder) and (folder / ROOT_FILE).is_file()
