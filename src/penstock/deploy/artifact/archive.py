"""An image → one tar that old and new Docker load, and whatever reads OCI image layouts."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import msgspec

from penstock.deploy.artifact.blobs import CHUNK, Blobs
from penstock.deploy.artifact.image import LABEL
from penstock.deploy.artifact.oci import (
    LAYOUT,
    LAYOUT_FILE,
    MANIFEST,
    Descriptor,
    Index,
    Manifest,
    encode,
    read_config,
    read_manifest,
)
from penstock.deploy.drivers.types import ImagePlace
from penstock.errors import ArtifactError

_NAME = "org.opencontainers.image.ref.name"
_CONTAINERD = "io.containerd.image.name"
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


class Saved(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """One image of the `manifest.json` that Docker itself writes, and has always read."""

    config: str
    layers: list[str]
    repo_tags: list[str] | None = None


def write_archive(image: ImagePlace, out: BinaryIO, tags: Sequence[str]) -> None:
    """Write the tar; the image is then called by each of the tags. Raises ArtifactError."""
    blobs = Blobs(image.layout)
    text = blobs.read(image.digest)
    manifest = read_manifest(text)
    own = Descriptor(media_type=MANIFEST, digest=image.digest, size=len(text))
    for name, content in _indexes(own, manifest, tags):
        _write_text(out, name, content)
    seen = {b.digest: b for b in (own, manifest.config, *manifest.layers)}
    for digest in sorted(seen):
        _write_blob(out, blobs, seen[digest])
    out.write(bytes(2 * tarfile.BLOCKSIZE))


def image_id(image: ImagePlace) -> str:
    """Return what an engine calls an image that was loaded: its configuration's digest."""
    return read_manifest(Blobs(image.layout).read(image.digest)).config.digest


def default_tags(image: ImagePlace) -> tuple[str, ...]:
    """Return a name to load an image by: `penstock/<project>-<api>:<version>`."""
    blobs = Blobs(image.layout)
    config = read_config(blobs.read(read_manifest(blobs.read(image.digest)).config.digest))
    labels = (config.config.labels if config.config else None) or {}
    said = f"{labels.get(f'{LABEL}project', 'project')}-{labels.get(f'{LABEL}api', 'api')}"
    name = re.sub(r"[^a-z0-9]+", "-", said.lower()).strip("-") or "api"
    version = labels.get(f"{LABEL}version", "latest")
    tag = version if _TAG.fullmatch(version) else image.digest.removeprefix("sha256:")[:12]
    return (f"penstock/{name}:{tag}",)


def _indexes(
    own: Descriptor, manifest: Manifest, tags: Sequence[str]
) -> Iterator[tuple[str, bytes]]:
    named = [
        msgspec.structs.replace(own, annotations={_CONTAINERD: _full(tag), _NAME: _tag_of(tag)})
        for tag in tags
    ]
    yield LAYOUT_FILE, LAYOUT
    yield "index.json", encode(Index(schema_version=2, manifests=named or [own]))
    saved = Saved(
        config=_place(manifest.config),
        layers=[_place(layer) for layer in manifest.layers],
        repo_tags=list(tags) or None,
    )
    yield "manifest.json", msgspec.json.encode([saved])


def _place(blob: Descriptor) -> str:
    return f"blobs/{blob.digest.replace(':', '/')}"


def _tag_of(tag: str) -> str:
    return tag.rpartition(":")[2]


def _full(tag: str) -> str:
    """Return a tag as containerd writes it, with the registry that Docker takes for granted."""
    host, slash, _ = tag.partition("/")
    has_host = slash and ("." in host or ":" in host or host == "localhost")
    return tag if has_host else f"docker.io/{tag if slash else f'library/{tag}'}"


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    return info.tobuf(tarfile.USTAR_FORMAT)


def _write_text(out: BinaryIO, name: str, content: bytes) -> None:
    out.write(_header(name, len(content)) + content + bytes(-len(content) % tarfile.BLOCKSIZE))


def _write_blob(out: BinaryIO, blobs: Blobs, blob: Descriptor) -> None:
    out.write(_header(_place(blob), blob.size))
    left = blob.size
    with blobs.path(blob.digest).open("rb", buffering=0) as file:
        while left and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            out.write(chunk)
    if left:
        raise ArtifactError(f"A part of the image is cut off: {blob.digest[:19]}….")
    out.write(bytes(-blob.size % tarfile.BLOCKSIZE))
