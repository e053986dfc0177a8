"""An image in a tar or a folder, as engines and tools write them → blobs, each one checked."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final, Protocol, cast

import msgspec

from penstock.deploy.artifact.archive import Saved
from penstock.deploy.artifact.blobs import CHUNK, Blobs
from penstock.deploy.artifact.disk import drafting
from penstock.deploy.artifact.oci import (
    CONFIG,
    INDEX,
    LAYER,
    MANIFEST,
    Descriptor,
    Index,
    Manifest,
    architecture,
    digest_of,
    encode,
    read_config,
    read_index,
    read_manifest,
)
from penstock.errors import ArtifactError, NotFoundError

_TEXT: Final = 4 << 20  # bytes that a manifest, index or configuration may have
_MOST: Final = 10_000  # files in a tar, layers in an image: beyond any real one
_DOCKER_INDEX: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
_ATTESTED: Final = "vnd.docker.reference.type"


class Pack(Protocol):
    """Files by their names."""

    def has(self, name: str) -> bool: ...

    def open(self, name: str) -> BinaryIO:
        """Open a file. Raises ArtifactError where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class _Folder:
    root: Path

    def has(self, name: str) -> bool:
        return (self.root / name).is_file()

    def open(self, name: str) -> BinaryIO:
        try:
            return (self.root / name).open("rb")
        except OSError as error:
            raise _missing(name) from error


@dataclass(frozen=True, slots=True)
class _Tar:
    """Files are read where they stand in the tar, so that no name of it ever reaches the disk."""

    tar: tarfile.TarFile
    members: Mapping[str, tarfile.TarInfo]

    def has(self, name: str) -> bool:
        return name in self.members

    def open(self, name: str) -> BinaryIO:
        member = self.members.get(name)
        if member is not None and member.issym():
            # Docker writes a layer that two images share as a link beside them.
            target = PurePosixPath(name).parent / member.linkname
            member = self.members.get(_flat(target))
        content = None if member is None or not member.isreg() else self.tar.extractfile(member)
        if content is None:
            raise _missing(name)
        return cast("BinaryIO", content)


def take_in(blobs: Blobs, path: Path) -> tuple[Descriptor, Manifest]:
    """Copy an image into the store, and return its manifest.

    `path` is a folder in OCI image layout, or a tar of one, or of what `docker save` writes.
    Raises NotFoundError, ArtifactError for what is none or is damaged, StorageFullError.
    """
    with _opened(path) as pack:
        if pack.has("index.json"):
            return _take_layout(blobs, pack)
        if pack.has("manifest.json"):
            return _take_saved(blobs, pack)
        raise ArtifactError(
            f"{path} holds no image.", hint="A tar of `docker save` does, or an OCI image layout."
        )


@contextmanager
def _opened(path: Path) -> Iterator[Pack]:
    if path.is_dir():
        yield _Folder(path)
        return
    if not path.is_file():
        raise NotFoundError(f"There is no file {path}.")
    try:
        with tarfile.open(path) as tar:
            yield _Tar(tar, dict(_members(tar)))
    except (tarfile.TarError, EOFError, OSError) as error:
        if isinstance(error, OSError) and not isinstance(error, tarfile.TarError) and error.errno:
            raise
        raise ArtifactError(f"{path} cannot be read as a tar: {error}.") from error


def _members(tar: tarfile.TarFile) -> Iterator[tuple[str, tarfile.TarInfo]]:
    for count, member in enumerate(tar):
        if count > _MOST:
            raise ArtifactError(f"The tar holds over {_MOST:,} files: no image does.")
        yield _flat(PurePosixPath(member.name)), member


def _flat(path: PurePosixPath) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            del parts[-1:]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _take_layout(blobs: Blobs, pack: Pack) -> tuple[Descriptor, Manifest]:
    index = read_index(_read(pack, "index.json"))
    text = _choose(pack, index, depth=0)
    manifest = read_manifest(text)
    _check_count(len(manifest.layers))
    for blob in (manifest.config, *manifest.layers):
        if not blobs.has(blob):
            with pack.open(_place(blob)) as stream:
                blobs.take(stream, blob)
    read_config(blobs.read(manifest.config.digest))
    return blobs.write(text, manifest.media_type), manifest


def _choose(pack: Pack, index: Index, depth: int) -> bytes:
    """Return the manifest of the one image of an index, or of the one for this machine."""
    found = [m for m in index.manifests if _ATTESTED not in m.annotations]
    ours = [m for m in found if m.platform is None or m.platform.architecture == architecture()]
    unique = list({m.digest: m for m in ours or found}.values())
    if len(unique) != 1:
        raise ArtifactError(
            f"There are {len(unique)} images in it, and it takes one.", hint="Save one image alone."
        )
    text = _read(pack, _place(unique[0]))
    if digest_of(text) != unique[0].digest:
        raise ArtifactError("The image's manifest is damaged: its digest is another.")
    if unique[0].media_type in {INDEX, _DOCKER_INDEX} and depth < 2:  # noqa: PLR2004 - Docker nests one
        return _choose(pack, read_index(text), depth + 1)
    return text


def _take_saved(blobs: Blobs, pack: Pack) -> tuple[Descriptor, Manifest]:
    """Take what Docker saved before it wrote layouts: tars whose digests nobody wrote down."""
    try:
        saved = msgspec.json.decode(_read(pack, "manifest.json"), type=list[Saved])
    except msgspec.DecodeError as error:
        raise ArtifactError(f"manifest.json cannot be read: {error}.") from error
    if len(saved) != 1:
        raise ArtifactError(f"There are {len(saved)} images in it.", hint="Save one image alone.")
    text = _read(pack, saved[0].config)
    config = read_config(text)
    _check_count(len(saved[0].layers))
    layers = [_take_tar(blobs, pack, name) for name in saved[0].layers]
    if [layer.digest for layer in layers] != config.rootfs.diff_ids:
        raise ArtifactError("The image is damaged: its layers are others than it says.")
    manifest = Manifest(schema_version=2, config=blobs.write(text, CONFIG), layers=layers)
    return blobs.write(encode(manifest), MANIFEST), manifest


def _take_tar(blobs: Blobs, pack: Pack, name: str) -> Descriptor:
    digest, size = hashlib.sha256(), 0
    with pack.open(name) as stream, drafting(blobs.root / "blobs" / "sha256") as draft:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            draft.out.write(chunk)
        blob = Descriptor(media_type=LAYER, digest=f"sha256:{digest.hexdigest()}", size=size)
        draft.name = blobs.path(blob.digest)
    return blob


def _read(pack: Pack, name: str) -> bytes:
    with pack.open(name) as stream:
        content = stream.read(_TEXT + 1)
    if len(content) > _TEXT:
        raise ArtifactError(f"{name} has over {_TEXT >> 20} MB, which is no image's.")
    return content


def _check_count(layers: int) -> None:
    if layers > _MOST:
        raise ArtifactError(f"The image has {layers:,} layers.")


def _place(blob: Descriptor) -> str:
    return f"blobs/{blob.digest.replace(':', '/')}"


def _missing(name: str) -> ArtifactError:
    return ArtifactError(f"The image is not whole: {name} is not in it.")
