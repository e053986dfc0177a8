"""Blobs by their digest, on the disk: what is there is whole, or it is noticed."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from penstock.deploy.artifact.disk import make_private, told_if_full, write_whole, writing
from penstock.deploy.artifact.oci import Descriptor, digest_of
from penstock.errors import ArtifactError, ConflictError

CHUNK: Final = 1 << 20
_PATIENCE: Final = 60.0  # seconds that a collection waits for what is being built
_PAUSE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Blobs:
    """`root` is laid out as an OCI image layout: `blobs/sha256/<hex>`."""

    root: Path

    def path(self, digest: str) -> Path:
        return blob_path(self.root, digest)

    def has(self, blob: Descriptor) -> bool:
        """Return whether a blob is there in its size; what is cut off is as good as gone."""
        try:
            return self.path(blob.digest).stat().st_size == blob.size
        except FileNotFoundError:
            return False

    def read(self, digest: str) -> bytes:
        """Return a small blob, checked. Raises ArtifactError."""
        try:
            content = self.path(digest).read_bytes()
        except FileNotFoundError as error:
            raise _damaged(digest, "it is not there") from error
        if digest_of(content) != digest:
            raise _damaged(digest, "its content is another")
        return content

    def write(self, content: bytes, media_type: str) -> Descriptor:
        blob = Descriptor(media_type=media_type, digest=digest_of(content), size=len(content))
        if not self.has(blob):
            write_whole(self.path(blob.digest), content)
        return blob

    def take(self, stream: BinaryIO, blob: Descriptor) -> None:
        """Write what a stream gives, if that is the blob. Raises ArtifactError."""
        with writing(self.path(blob.digest)) as out:
            left, digest = blob.size, hashlib.sha256()
            while left and (chunk := stream.read(min(CHUNK, left))):
                left -= len(chunk)
                digest.update(chunk)
                out.write(chunk)
            if left or stream.read(1) or f"sha256:{digest.hexdigest()}" != blob.digest:
                raise _damaged(blob.digest, "what came is another content")

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Hold off collections while blobs are written that nothing names yet."""
        with self._lock() as handle:
            fcntl.flock(handle, fcntl.LOCK_SH)
            yield

    @contextmanager
    def alone(self, patience: float = _PATIENCE) -> Iterator[None]:
        """Wait until nobody writes, for some seconds at most. Raises ConflictError."""
        with self._lock() as handle:
            deadline = time.monotonic() + patience
            while not _locked(handle):
                if time.monotonic() > deadline:
                    raise ConflictError(
                        "An artifact is being built or fetched, so nothing is removed now.",
                        hint="Try again once it is done.",
                    )
                time.sleep(_PAUSE)
            yield

    @contextmanager
    def _lock(self) -> Iterator[int]:
        with told_if_full(self.root):
            make_private(self.root)
            handle = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield handle
        finally:
            os.close(handle)


def blob_path(root: Path, digest: str) -> Path:
    """Return where a layout has a blob; the digest was checked when it was read."""
    algorithm, _, name = digest.partition(":")
    return root / "blobs" / algorithm / name


def verify(path: Path, blob: Descriptor) -> None:
    """Raise ArtifactError unless a file is the blob."""
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            size = stream.tell()
    except FileNotFoundError as error:
        raise _damaged(blob.digest, "it is not there") from error
    if size != blob.size:
        raise _damaged(blob.digest, f"it has {size:,} bytes of {blob.size:,}")
    if f"sha256:{digest}" != blob.digest:
        raise _damaged(blob.digest, "its content is another")


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _damaged(digest: str, why: str) -> ArtifactError:
    return ArtifactError(
        f"A part of the image is damaged: {digest[:19]}…: {why}.",
        hint="Build, import or pull the artifact again; that replaces it.",
    )
