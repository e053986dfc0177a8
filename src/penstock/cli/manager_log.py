"""The log that `penstock up` gives a manager: turned over before it fills the disk."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from penstock.deploy.drivers.process.launch import LOG_BYTES
from penstock.deploy.gateway.files import shorten

LOG: Final = "manager.log"
_LOOK_EVERY: Final = 10.0


@contextlib.contextmanager
def bounded(log: Path, limit: int = LOG_BYTES, every: float = _LOOK_EVERY) -> Iterator[None]:
    """Meanwhile keep a log below `limit` bytes, or a bit more, where our own output goes there.

    What is longer is put aside as `manager.log.1`; the one before that is gone. It is looked at
    `every` so many seconds.
    """
    ending = threading.Event()

    def watch() -> None:
        while not ending.wait(every):
            with contextlib.suppress(OSError):  # a full disk; the next look may find room
                turn_over(log, limit)

    watching = threading.Thread(target=watch, name="penstock-manager-log", daemon=True)
    watching.start()
    try:
        yield
    finally:
        ending.set()
        watching.join()


def turn_over(log: Path, limit: int) -> None:
    """Put a log aside once it is too long, and go on writing into a new one.

    Nothing is lost: what is printed meanwhile is still in the old one.
    """
    ours = [stream.fileno() for stream in (sys.__stdout__, sys.__stderr__) if stream is not None]
    ours = [number for number in ours if _leads_to(number, log)]
    if not ours or not shorten(log, limit):
        return
    fresh = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        for number in ours:
            os.dup2(fresh, number)
    finally:
        os.close(fresh)


def _leads_to(number: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(number), path.stat())
    except OSError:
        return False
