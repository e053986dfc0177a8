"""The snapshot in force ↔ a file, so that a node starts without its manager."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

FILE: Final = "snapshot"

_LARGEST: Final = 256 << 20  # bytes


def write_snapshot(folder: Path, signed: bytes) -> None:
    """Replace the file: it is the old one or the new one, and whole. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = folder / f"{FILE}.new"
    try:
        with os.fdopen(os.open(new, _FLAGS, 0o600), "wb") as file:
            file.write(signed)
            file.flush()
            os.fsync(file.fileno())
        new.replace(folder / FILE)
    except OSError:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise
    _keep_name(folder)


def read_kept(folder: Path) -> bytes | None:
    """Return what was written, None if nothing was. Raises OSError."""
    try:
        with (folder / FILE).open("rb") as file:
            return file.read(_LARGEST)
    except FileNotFoundError:
        return None


def _keep_name(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
