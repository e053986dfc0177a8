"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from penstock.errors import ArtifactError, StorageFullError

PARTIAL: Final = ".partial-"
"""How the names of what is being written begin; nobody reads these."""

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def told_if_full(place: Path) -> Iterator[None]:
    """Turn what the system says when it cannot write into a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFullError(
                f"There is no room left in {place}.",
                hint="Free some, for example with `penstock artifacts collect`.",
            ) from error
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise ArtifactError(
                f"Nothing can be written in {place}: {error.strerror}.",
                hint="Name a folder that you may write to.",
            ) from error
        raise


@dataclass(slots=True)
class Draft:
    """What is being written, and the name it takes: nothing is kept of a draft without one."""

    out: BinaryIO
    name: Path | None = None


@contextmanager
def drafting(folder: Path, mode: int = 0o600) -> Iterator[Draft]:
    """Write a file that takes its name once all of it is on the disk.

    Raises StorageFullError; nothing is left of what was begun.
    """
    with told_if_full(folder):
        make_private(folder)
        handle, name = tempfile.mkstemp(prefix=PARTIAL, dir=folder)
        try:
            with os.fdopen(handle, "wb", buffering=1 << 20) as out:
                draft = Draft(out)
                yield draft
                out.flush()
                os.fchmod(out.fileno(), mode)
                os.fsync(out.fileno())
            if draft.name is not None:
                Path(name).replace(draft.name)
        finally:
            Path(name).unlink(missing_ok=True)
        sync_folder(folder)


@contextmanager
def writing(path: Path, mode: int = 0o600) -> Iterator[BinaryIO]:
    """Write a file of a name known before, as `drafting` does."""
    with drafting(path.parent, mode) as draft:
        yield draft.out
        draft.name = path


def write_whole(path: Path, content: bytes) -> None:
    with writing(path) as out:
        out.write(content)


@contextmanager
def making(path: Path) -> Iterator[Path]:
    """Make a folder that takes its name once all of it is there.

    Whoever makes the same one meanwhile may be first: theirs is as good. Raises StorageFullError;
    nothing is left of what was begun.
    """
    with told_if_full(path.parent):
        make_private(path.parent)
        fresh = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=path.parent))
        try:
            yield fresh
            fresh.chmod(0o755)
            try:
                fresh.replace(path)
            except OSError as error:
                if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                    raise
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        sync_folder(path.parent)


def make_private(folder: Path) -> None:
    """Make a folder, and those above it that are not there, for nobody else to read."""
    if not folder.is_dir():
        make_private(folder.parent)
        folder.mkdir(exist_ok=True, mode=0o700)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
