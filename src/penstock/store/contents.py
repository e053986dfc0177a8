"""The files of versions: each content once on disk, under its digest; a tree of them is one too."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from penstock.errors import ArtifactError, ManagementError
from penstock.store.failures import translated
from penstock.store.tree import Entry, digest_of, write_tree

_CHUNK: Final = 1 << 20
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_LONGEST_PATH: Final = 512


class Tree(msgspec.Struct, frozen=True):
    """All files of a version; `digest` is that of the sorted list of them, `size` in bytes."""

    digest: str
    files: int
    size: int


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file on its way in: `content` is read to its end once."""

    path: str
    content: BinaryIO
    executable: bool = False


_decode = msgspec.json.Decoder(tuple[Entry, ...]).decode


@dataclass(frozen=True, slots=True)
class ContentStore:
    """A folder of contents that never change.

    Whatever is written is whole and on the disk before it has its name: a crash leaves a temporary
    file at most. Raises StateError, and StorageFullError where the disk is full.
    """

    folder: Path

    def add(self, files: Iterable[Incoming]) -> Tree:
        """Keep files as one tree. Raises ManagementError for a bad path."""
        entries: dict[str, Entry] = {}
        with translated(str(self.folder)):
            for file in files:
                path = clean_path(file.path)
                if path in entries:
                    raise ManagementError(f"The file {path!r} is there twice.")
                digest, size = self._keep(file.content)
                entries[path] = Entry(path, size, digest, file.executable)
            _check_no_folder_is_a_file(entries)
            digest = self._keep_bytes(write_tree(entries.values()))
        return Tree(digest, len(entries), sum(entry.size for entry in entries.values()))

    def tree(self, digest: str) -> tuple[Entry, ...]:
        """Return the files of a tree by path. Raises ArtifactError if it is gone or damaged."""
        text = b"".join(self._chunks(digest))
        try:
            return _decode(text)
        except msgspec.MsgspecError as error:
            raise _damaged(digest) from error

    def read(self, digest: str) -> Iterator[bytes]:
        """Yield a content. Raises ArtifactError, at the end at the latest, if it is damaged."""
        return self._chunks(digest)

    def checkout(self, digest: str, to: Path) -> None:
        """Write a tree's files below a folder that is made, with their owner's rights only."""
        entries = self.tree(digest)
        with translated(str(to)):
            to.mkdir(mode=0o700, parents=True, exist_ok=True)
            for entry in entries:
                path = to / clean_path(entry.path)
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with path.open("xb") as file:
                    for chunk in self._chunks(entry.digest):
                        file.write(chunk)
                path.chmod(0o700 if entry.executable else 0o600)

    def collect(self, keep: AbstractSet[str], before: float) -> int:
        """Remove what no tree of `keep` needs; return how many bytes that made free.

        What was kept, or kept once more, after `before`, in epoch seconds, stays: whose it is may
        not be told yet. Raises ArtifactError, and removes nothing, where a tree cannot be read.
        """
        needed = {*keep}
        for digest in keep:
            needed.update(entry.digest for entry in self.tree(digest))
        with translated(str(self.folder)):
            kept = self.folder.glob("[0-9a-f][0-9a-f]/*")
            unneeded = [path for path in kept if f"sha256:{path.name}" not in needed]
            # Begun by somebody who was killed.
            begun = self.folder.glob(".*")
            return sum(self._remove(path, before) for path in (*unneeded, *begun))

    def _remove(self, path: Path, before: float) -> int:
        """Remove what is not new, nor wanted anew; return its size if it was removed."""
        with self._alone():
            try:
                found = path.stat()
            except FileNotFoundError:  # it was on its way to its name
                return 0
            if found.st_mtime >= before:
                return 0
            if path.is_dir():
                remove_folder(path)
            else:
                path.unlink()
        return found.st_size

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep what is kept once more and what is removed apart, whichever process does either."""
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _keep(self, content: BinaryIO) -> tuple[str, int]:
        with self._temporary() as (file, path):
            hashed, size = hashlib.sha256(), 0
            while chunk := content.read(_CHUNK):
                hashed.update(chunk)
                size += len(chunk)
                file.write(chunk)
            digest = f"sha256:{hashed.hexdigest()}"
            self._name(file, path, digest)
        return digest, size

    def _keep_bytes(self, content: bytes) -> str:
        digest = digest_of(content)
        with self._temporary() as (file, path):
            file.write(content)
            self._name(file, path, digest)
        return digest

    @contextmanager
    def _temporary(self) -> Iterator[tuple[BinaryIO, Path]]:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / f".{secrets.token_hex(8)}"
        try:
            with path.open("xb") as file:
                yield file, path
        finally:
            path.unlink(missing_ok=True)

    def _name(self, file: BinaryIO, path: Path, digest: str) -> None:
        place = self._place(digest)
        with self._alone():
            if place.exists():
                os.utime(place)  # for who collects: it is wanted anew
                return
        file.flush()
        os.fsync(file.fileno())
        place.parent.mkdir(mode=0o700, exist_ok=True)
        path.replace(place)

    def _chunks(self, digest: str) -> Iterator[bytes]:
        hashed = hashlib.sha256()
        try:
            with self._place(digest).open("rb") as file:
                while chunk := file.read(_CHUNK):
                    hashed.update(chunk)
                    yield chunk
        except OSError as error:
            raise _damaged(digest) from error
        if f"sha256:{hashed.hexdigest()}" != digest:
            raise _damaged(digest)

    def _place(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise ArtifactError(f"{digest!r} is not the digest of a content.")
        name = digest.removeprefix("sha256:")
        return self.folder / name[:2] / name


def clean_path(path: str) -> str:
    """Return a relative path as it is kept. Raises ManagementError for one that could lead out."""
    parts = path.split("/")
    bad = (
        not path
        or len(path) > _LONGEST_PATH
        or "\\" in path
        or not path.isprintable()
        or any(part in {"", ".", ".."} for part in parts)
        or re.match(r"[A-Za-z]:", path)
    )
    if bad:
        raise ManagementError(
            f"The path {path[:80]!r} cannot be kept: it leads out of the folder, or has odd signs.",
            hint="Paths are relative, with single slashes, without .. and control signs.",
        )
    return path


def _check_no_folder_is_a_file(entries: dict[str, Entry]) -> None:
    for path in entries:
        for end, sign in enumerate(path):
            if sign == "/" and path[:end] in entries:
                raise ManagementError(f"{path[:end]!r} is a file and a folder.")


def _damaged(digest: str) -> ArtifactError:
    return ArtifactError(
        f"The content {digest} is missing or damaged.",
        hint="Synchronise the version again, or put back a backup of the state folder.",
    )


def remove_folder(path: Path) -> None:
    """Remove a folder of ours with all that is in it; gone already is no error."""
    shutil.rmtree(path, ignore_errors=True)
