"""One manager for each state folder: the others are told so."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from penstock.errors import ConflictError
from penstock.store.failures import translated

FILE: Final = "manager.lock"


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Hold the folder until the end; the system gives it back when the process dies.

    Raises ConflictError while another manager holds it.
    """
    path = home / FILE
    with translated(str(path)):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConflictError(
                f"A manager runs with the state in {home} already.",
                hint="`penstock status` asks it; `penstock down` ends it.",
            ) from error
        yield
    finally:
        os.close(handle)
