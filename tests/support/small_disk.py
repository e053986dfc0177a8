"""A disk of a test's own, small enough to be filled."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PIECES = (1 << 20, 1 << 12, 1)  # bytes


class NoDiskError(Exception):
    """No disk can be made here; the message says why."""


@dataclass(frozen=True)
class Disk:
    folder: Path

    @contextmanager
    def full(self) -> Iterator[None]:
        """Leave no room meanwhile; what others free is theirs."""
        self.fill()
        try:
            yield
        finally:
            self._filler.unlink()

    def fill(self) -> None:
        """Take what room there is, to the last byte."""
        with self._filler.open("ab", buffering=0) as file:
            for size in _PIECES:
                _write(file.fileno(), bytes(size))

    @property
    def _filler(self) -> Path:
        return self.folder / "filler"


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Disk]:
    """Give a disk of so many megabytes, in memory, at a folder. Raises NoDiskError."""
    if os.geteuid() != 0:
        raise NoDiskError("only root mounts a disk")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    options = f"size={megabytes}m,mode=0700"
    mount = ["mount", "-t", "tmpfs", "-o", options, "penstock-tests", str(folder)]
    made = subprocess.run(mount, text=True, capture_output=True, check=False)
    if made.returncode:
        raise NoDiskError(f"no disk can be mounted here: {made.stderr.strip()}")
    try:
        yield Disk(folder)
    finally:
        # Whoever still has a file of it open keeps it, and nobody else sees it any more.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _write(descriptor: int, piece: bytes) -> None:
    while True:
        try:
            if os.write(descriptor, piece) < len(piece):
                return
        except OSError:
            return
