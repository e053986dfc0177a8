"""What a node that has ended still had to tell: out of its container, into the state folder."""

from __future__ import annotations

import errno
import re
import shutil
import tarfile
import tempfile
from pathlib import Path, PurePosixPath
from typing import IO

from docker.api.client import APIClient
from docker.errors import NotFound

from penstock.deploy.drivers.docker.containers import EVENTS
from penstock.errors import StorageFullError

LEFT_OF = "spool"  # where it is looked for, in the folder of the node
_MOST = 320 << 20  # bytes: more than any node keeps
_EVENTS = re.compile(r"[0-9]{12}\.usage")


def keep_left(api: APIClient, container: str, left: Path) -> None:
    """Put it into the folder `left`, all or nothing; what is there already is of an earlier try.

    The engine is asked, as it may be elsewhere, and its files are root's. Raises docker's errors,
    StorageFullError.
    """
    if left.exists():
        return
    fresh = left.with_name(f".{left.name}")
    try:
        left.parent.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryFile(dir=left.parent) as archive:
            if not _fetch(api, container, archive):
                return
            shutil.rmtree(fresh, ignore_errors=True)
            if unpack_events(archive, fresh / LEFT_OF):
                fresh.rename(left)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:  # the engine's errors are such too
            raise
        raise StorageFullError(
            f"What a node had left to tell cannot be kept: {error.strerror}",
            hint="Make room in PENSTOCK_HOME.",
        ) from error


def _fetch(api: APIClient, container: str, archive: IO[bytes]) -> bool:
    """Return whether there is anything; of what is too long, the beginning is taken."""
    try:
        pieces, _ = api.get_archive(container, EVENTS)
    except NotFound:  # it never ran, or an earlier version of us made it
        return False
    for piece in pieces:
        archive.write(piece)
        if archive.tell() > _MOST:
            break
    archive.seek(0)
    return True


def unpack_events(archive: IO[bytes], folder: Path) -> bool:
    """Take the files of events alone, under names of our own making: a node wrote the archive."""
    found = False
    try:
        with tarfile.open(fileobj=archive) as tar:
            for member in tar:
                name = PurePosixPath(member.name).name
                content = tar.extractfile(member) if member.isreg() else None
                if content is None or not member.size or not _EVENTS.fullmatch(name):
                    continue
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                with (folder / name).open("wb") as file:
                    shutil.copyfileobj(content, file, 1 << 20)
                found = True
    except tarfile.TarError:  # it was cut off: what came before is whole
        return found
    return found
