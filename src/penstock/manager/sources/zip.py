"""A ZIP file -> files of a version, within bounds whatever the file claims; and back."""

from __future__ import annotations

import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO, Final, cast

from penstock.errors import ManagementError, TooLargeError
from penstock.manager.context import ManagerSettings
from penstock.manager.sources.leave import is_left_out
from penstock.store.contents import ContentStore, Incoming, Tree

_TIME: Final = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP can say
PROJECT: Final = "penstock.yaml"
_METHODS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


def read_zip(store: ContentStore, path: Path, settings: ManagerSettings) -> Tree:
    """Keep the files of a ZIP; one folder around all of them is taken off.

    Raises ManagementError for what is no ZIP, or holds links or paths that lead out; TooLargeError.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return store.add(_files(archive, settings))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise ManagementError("This is not a ZIP file, or it is damaged.") from error


def write_zip(store: ContentStore, digest: str) -> Path:
    """Write a tree as a ZIP file that the caller removes; the same tree gives the same bytes."""
    with (
        tempfile.NamedTemporaryFile(prefix=".download-", dir=store.folder, delete=False) as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for entry in store.tree(digest):
            info = zipfile.ZipInfo(entry.path, _TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            mode = 0o755 if entry.executable else 0o644
            info.external_attr = (stat.S_IFREG | mode) << 16
            with archive.open(info, "w") as target:
                for chunk in store.read(entry.digest):
                    target.write(chunk)
    return Path(file.name)


def _files(archive: zipfile.ZipFile, settings: ManagerSettings) -> Iterator[Incoming]:
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if len(infos) > settings.max_files:
        raise TooLargeError(f"A version may have {settings.max_files} files at most.")
    strip = _folder_around([info.filename for info in infos])
    left = _Budget(settings.max_unpacked)
    for info in infos:
        _check(info)
        name = info.filename[strip:]
        if is_left_out(name):
            continue
        with archive.open(info) as content:
            executable = bool((info.external_attr >> 16) & stat.S_IXUSR)
            yield Incoming(name, cast("BinaryIO", _Bounded(content, left)), executable)


def _check(info: zipfile.ZipInfo) -> None:
    mode = info.external_attr >> 16
    kind = stat.S_IFMT(mode) if info.create_system == 3 else 0  # noqa: PLR2004 that of Unix
    if kind not in {0, stat.S_IFREG}:
        raise ManagementError(f"{info.filename[:80]!r} is a link or a device, which is not kept.")
    if info.flag_bits & 1:
        raise ManagementError("The ZIP file is encrypted.")
    if info.compress_type not in _METHODS:
        raise ManagementError("The ZIP file is compressed by another method than deflate.")


def _folder_around(names: list[str]) -> int:
    """Return the length of what all paths begin with, if it is one folder with a project in it."""
    first = {name.partition("/")[0] for name in names}
    around = next(iter(first), "")
    return len(around) + 1 if len(first) == 1 and f"{around}/{PROJECT}" in names else 0


class _Budget:
    """Bytes that may still come, of all files together."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise TooLargeError("The files are larger than a version may be, once unpacked.")


class _Bounded:
    """A file whose real bytes count, not those it claims: a bomb ends when the budget does."""

    def __init__(self, content: IO[bytes], budget: _Budget) -> None:
        self._content = content
        self._budget = budget

    def read(self, size: int = -1) -> bytes:
        chunk = self._content.read(size)
        self._budget.take(len(chunk))
        return chunk
