"""A folder of this machine -> files of a version."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from penstock.errors import ForbiddenError, ManagementError, TooLargeError
from penstock.manager.context import ManagerSettings
from penstock.manager.sources.leave import is_left_out
from penstock.store.contents import ContentStore, Incoming, Tree
from penstock.store.failures import translated


def read_folder(store: ContentStore, folder: Path, settings: ManagerSettings) -> Tree:
    """Keep the files of a folder; links in it are not followed, but left out.

    Raises ManagementError for what is no folder, TooLargeError.
    """
    if not folder.is_dir():
        raise ManagementError(
            "There is no such folder on the manager's machine.", pointer="/folder"
        )
    with translated(str(folder)):
        return store.add(_files(folder, settings))


def check_folder(folder: Path, settings: ManagerSettings, *, local: bool) -> Path:
    """Return a folder's real place. Raises ForbiddenError for one that the caller may not read.

    Whoever holds the state folder could read it themselves; others may read what was allowed.
    """
    real = folder.resolve()
    allowed = any(real.is_relative_to(one.resolve()) for one in settings.folders)
    if not local and not allowed:
        raise ForbiddenError(
            "Folders of the manager's machine are not open to you.",
            hint="Send a ZIP file, or let PENSTOCK_FOLDERS name the folder that it is in.",
            pointer="/folder",
        )
    return real


def _files(folder: Path, settings: ManagerSettings) -> Iterator[Incoming]:
    count, left = 0, settings.max_unpacked
    for path in _walk(folder):
        name = path.relative_to(folder).as_posix()
        if is_left_out(name):
            continue
        count += 1
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            left -= found.st_size
            if count > settings.max_files or left < 0:
                raise TooLargeError(
                    f"A version may have {settings.max_files} files, and"
                    f" {settings.max_unpacked} bytes.",
                    hint="Is this the project's own folder?",
                )
            yield Incoming(name, file, bool(found.st_mode & stat.S_IXUSR))


def _walk(folder: Path) -> Iterator[Path]:
    for entry in sorted(os.scandir(folder), key=lambda one: one.name):
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            if not is_left_out(f"{entry.name}/x"):
                yield from _walk(path)
        elif entry.is_file(follow_symlinks=False):
            yield path
