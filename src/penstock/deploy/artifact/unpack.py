"""An image → the project's folder in it: its layers on one another, nothing outside, no links."""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final, cast

from penstock.deploy.artifact.blobs import Blobs, verify
from penstock.deploy.artifact.disk import making
from penstock.deploy.artifact.manifest import PLACE
from penstock.deploy.artifact.oci import KIND, Descriptor, Manifest, read_manifest
from penstock.deploy.drivers.types import ImagePlace
from penstock.errors import ArtifactError, ConflictError

PROJECT: Final = "project"
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"
_ZSTD: Final = "zstd"
_TEXT: Final = 64 << 20  # bytes: a manifest names each file


def unpack_project(image: ImagePlace, to: Path) -> None:
    """Write an image's project to a folder, which appears whole or not at all.

    Raises ConflictError if it is there already, ArtifactError, StorageFullError.
    """
    if to.exists():
        raise ConflictError(f"{to} is there already.", hint="Name another folder, or remove it.")
    blobs = Blobs(image.layout)
    layers = project_layers(read_manifest(blobs.read(image.digest)))
    for layer in layers:
        verify(blobs.path(layer.digest), layer)
    with making(to) as fresh:
        for layer in layers:
            with open_layer(blobs, layer) as tar:
                _apply(tar, fresh)
        if not (fresh / PLACE).is_file():
            raise _no_project()


def read_file(image: ImagePlace, path: str) -> bytes:
    """Return a file of an image's project. Raises ArtifactError where it has none."""
    blobs = Blobs(image.layout)
    content: bytes | None = None
    for layer in project_layers(read_manifest(blobs.read(image.digest))):
        with open_layer(blobs, layer) as tar:
            for member in tar:
                if _parts(member.name) == (PROJECT, *PurePosixPath(path).parts):
                    found = tar.extractfile(member)
                    content = None if found is None else found.read(_TEXT)
    if content is None:
        raise _no_project()
    return content


def project_layers(manifest: Manifest) -> tuple[Descriptor, ...]:
    """Return the layers that make up the project: all, where nobody says which they are."""
    own = tuple(b for b in manifest.layers if b.annotations.get(KIND) == PROJECT)
    return own or tuple(manifest.layers)


@contextmanager
def open_layer(blobs: Blobs, layer: Descriptor) -> Iterator[tarfile.TarFile]:
    """Open a layer to be read from its beginning to its end. Raises ArtifactError."""
    if layer.media_type.endswith(_ZSTD):
        raise ArtifactError(
            "A layer is packed with zstd, which is not read here.", hint="Save it without, or gzip."
        )
    try:
        with (
            blobs.path(layer.digest).open("rb") as file,
            _unpacked(file) as stream,
            tarfile.open(fileobj=stream, mode="r|") as tar,
        ):
            yield tar
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ArtifactError(f"A layer cannot be read: {error}.") from error


@contextmanager
def _unpacked(file: BinaryIO) -> Iterator[BinaryIO]:
    packed = file.peek(2)[:2] == b"\x1f\x8b" if hasattr(file, "peek") else False
    if packed:
        with gzip.GzipFile(fileobj=file) as stream:
            yield cast("BinaryIO", stream)
    else:
        yield file


def _apply(tar: tarfile.TarFile, root: Path) -> None:
    written: set[Path] = set()
    for member in tar:
        parts = _parts(member.name)
        if parts[:1] != (PROJECT,) or parts == (PROJECT,):
            continue
        place = root.joinpath(*parts[1:])
        name = parts[-1]
        if name == _OPAQUE:
            _remove_below(place.parent, written)
        elif name.startswith(_WHITEOUT):
            _remove_below(place.with_name(name.removeprefix(_WHITEOUT)), written)
        else:
            _write(tar, member, place)
            written.add(place)


def _remove_below(place: Path, written: set[Path]) -> None:
    """Remove what layers before this one have written: a whiteout is not about its own layer."""
    if place.is_dir():
        for path in place.iterdir():
            _remove_below(path, written)
        if place not in written and not any(place.iterdir()):
            place.rmdir()
    elif place not in written:
        place.unlink(missing_ok=True)


def _parts(name: str) -> tuple[str, ...]:
    """Return a name's parts. Raises ArtifactError for one that leads elsewhere."""
    path = PurePosixPath(name.removeprefix("./"))
    if path.is_absolute() or ".." in path.parts or "\0" in name:
        raise ArtifactError(f"A layer holds a file outside its folder: {name!r}.")
    return path.parts


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> None:
    if member.isdir():
        place.mkdir(parents=True, exist_ok=True)
        return
    content = tar.extractfile(member) if member.isreg() else None
    if content is None:
        raise ArtifactError(f"{member.name!r} is neither a file nor a folder.")
    place.parent.mkdir(parents=True, exist_ok=True)
    _remove(place)
    with place.open("xb") as out:
        shutil.copyfileobj(content, out, 1 << 20)
        os.fchmod(out.fileno(), 0o644)


def _remove(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def _no_project() -> ArtifactError:
    return ArtifactError(
        "This image holds no project of Penstock's.", hint="`penstock build` makes one that does."
    )
