"""The log of a node and of a manager, where there is room for it and where there is none."""

from __future__ import annotations

import errno
import io
import os
import time
from collections.abc import Callable
from typing import BinaryIO, cast

import msgspec
import pytest

from penstock.events import Stopping
from penstock.node.logs import Log


class Disk(io.RawIOBase):
    """A file in memory, of a disk that is full at times."""

    def __init__(self) -> None:
        self.content = b""
        self.refused = 0
        self.is_full = True

    def writable(self) -> bool:
        return True

    def write(self, more: bytes, /) -> int:  # type: ignore[override] # nobody writes anything else
        if self.is_full:
            self.refused += 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.content += bytes(more)
        return len(bytes(more))


def eventually(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 20
    while not holds() and time.monotonic() < until:
        time.sleep(0.02)
    return holds()


@pytest.mark.parametrize("size", [None, 64, 8192])
def test_a_log_goes_on_after_the_disk_was_full_and_says_what_is_missing(size: int | None) -> None:
    disk = Disk()
    raw: io.RawIOBase = disk
    log = Log(cast("BinaryIO", disk) if size is None else io.BufferedWriter(raw, size))
    log(Stopping(project="lost"))
    assert eventually(lambda: disk.refused > 0)

    disk.is_full = False
    log(Stopping(project="kept"))

    assert eventually(lambda: b"LogLost" in disk.content)
    log.close()
    told = [msgspec.json.decode(line) for line in disk.content.splitlines() if line]
    assert [line["project"] for line in told if line["event"] == "Stopping"][-1] == "kept"
    assert [line["lines"] for line in told if line["event"] == "LogLost"] == [1]
