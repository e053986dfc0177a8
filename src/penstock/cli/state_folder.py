"""The state folder: made, or told of as what it is where it cannot be used."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from penstock.errors import StateError


def make_home(home: Path) -> None:
    """Make the state folder, and see that it can be written to. Raises StateError."""
    with using(home):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=home).close()


@contextmanager
def using(home: Path) -> Iterator[None]:
    """Say what the disk refuses meanwhile as StateError."""
    try:
        yield
    except OSError as error:
        raise StateError(
            f"The state folder {home} cannot be used: {error.strerror}.",
            hint="Penstock needs to read and write it: name another one with --home, "
            "or PENSTOCK_HOME.",
        ) from error
