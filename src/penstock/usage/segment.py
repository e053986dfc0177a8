"""One file of the spool: only ever appended to, read when it is closed, removed when delivered."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

_SUFFIX: Final = ".usage"
_REFUSED: Final = ".refused"
_WIDTH: Final = 12  # digits of a number, so that names sort as numbers do


@dataclass(slots=True)
class Segment:
    """`size` is in bytes, and how much of it was there when the disk was last told to keep it."""

    number: int
    descriptor: int
    size: int = 0
    lines: int = 0
    synchronised: int = 0

    @classmethod
    def create(cls, folder: Path, number: int) -> Self:
        """Begin a file that is not there yet. Raises OSError."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        return cls(number, os.open(path_of(folder, number), flags, 0o600))

    def append(self, line: bytes) -> None:
        """Write a whole line or nothing. Raises OSError.

        What was written survives the end of this process, however it comes.
        """
        written = os.write(self.descriptor, line)
        if written != len(line):
            os.ftruncate(self.descriptor, self.size)
            raise OSError(_NO_SPACE, os.strerror(_NO_SPACE))
        self.size += written
        self.lines += 1


def path_of(folder: Path, number: int) -> Path:
    return folder / f"{number:0{_WIDTH}d}{_SUFFIX}"


def find_segments(folder: Path) -> dict[int, int]:
    """Return the sizes of the files in a spool, by number. Raises OSError."""
    return {
        int(path.stem): path.stat().st_size
        for path in sorted(folder.glob(f"*{_SUFFIX}"))
        if path.stem.isdigit()
    }


def set_aside(folder: Path, number: int, most: int) -> None:
    """Keep a file that nobody takes, as long as all of them have at most `most` bytes.

    Raises OSError.
    """
    path = path_of(folder, number)
    path.rename(path.with_suffix(_REFUSED))
    kept = sorted(folder.glob(f"*{_REFUSED}"), reverse=True)
    total = 0
    for file in kept:
        total += file.stat().st_size
        if total > most:
            file.unlink()


_NO_SPACE: Final = 28  # ENOSPC: that is why the kernel takes a part only
