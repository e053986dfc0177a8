"""Files that a watcher sees whole: written aside, then renamed into their place."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

from penstock.errors import GatewayError, StorageFullError

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def read_file(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def write_file(path: Path, content: bytes) -> None:
    """Replace a file, readable by us only. Raises StorageFullError, GatewayError: it is as before.

    On the disk before it has its name: a gateway that starts after a power cut must not find half.
    """
    aside = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        if error.errno in _FULL:
            raise StorageFullError(
                f"There is no room left in {path.parent}.",
                hint="Make room; the gateway goes on as it is.",
            ) from error
        raise GatewayError(
            f"The gateway's file {path} cannot be written: {error.strerror}.",
            hint="The state folder must be the manager's own.",
        ) from error


def keep_only(folder: Path, named_in: bytes) -> None:
    """Remove the files of a folder whose names do not stand in a text."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name.encode() not in named_in:
            path.unlink(missing_ok=True)


def shorten(path: Path, limit: int) -> bool:
    """Put a log aside once it is longer than `limit` bytes; say whether it was."""
    try:
        if path.stat().st_size <= limit:
            return False
        path.replace(path.with_name(f"{path.name}.1"))
    except FileNotFoundError:
        return False
    return True
