"""Which images a store has: a record of each, written last, so that it names what is whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from penstock.deploy.artifact.blobs import Blobs, verify
from penstock.deploy.artifact.disk import making, write_whole
from penstock.deploy.artifact.image import LABEL
from penstock.deploy.artifact.oci import (
    LAYOUT,
    LAYOUT_FILE,
    MANIFEST,
    Config,
    Descriptor,
    Index,
    Manifest,
    encode,
    is_digest,
    read_config,
    read_manifest,
)
from penstock.deploy.artifact.types import Artifact
from penstock.errors import ArtifactError, NotFoundError

_SHORTEST: Final = 6  # hex digits that may stand for a whole digest


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """`manifest` is the image's, `papers` those of what is said about it: SBOM and provenance."""

    manifest: Descriptor
    added: float
    papers: list[Descriptor] = []


@dataclass(frozen=True, slots=True)
class Image:
    """An image as its own files say."""

    record: Record
    manifest: Manifest
    config: Config

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Everything but the manifest itself; a layer that is there twice counts once."""
        named = {blob.digest: blob for blob in (self.manifest.config, *self.manifest.layers)}
        return tuple(named.values())


@dataclass(frozen=True, slots=True)
class Images:
    blobs: Blobs

    @property
    def folder(self) -> Path:
        return self.blobs.root / "images"

    def add(self, record: Record) -> None:
        write_whole(self._path(record.manifest.digest), msgspec.json.encode(record))

    def remove(self, digest: str) -> None:
        self._path(digest).unlink(missing_ok=True)

    def records(self) -> Iterator[Record]:
        """Yield every image; a record that cannot be read is none."""
        for path in sorted(self.folder.glob("*.json")):
            try:
                yield _RECORDS.decode(path.read_bytes())
            except (OSError, msgspec.DecodeError):
                continue

    def find(self, digest: str) -> Record:
        """Return the image of a digest, or of its beginning. Raises NotFoundError."""
        found = [r for r in self.records() if _is_meant(r.manifest.digest, digest)]
        if len(found) == 1:
            return found[0]
        if found:
            raise NotFoundError(
                f"{len(found)} artifacts begin with {digest!r}.", hint="Write more of the digest."
            )
        raise NotFoundError(
            f"There is no artifact {digest!r}.", hint="See `penstock artifacts list`."
        )

    def read(self, record: Record) -> Image:
        """Read what an image's files say. Raises ArtifactError where they are damaged."""
        manifest = read_manifest(self.blobs.read(record.manifest.digest))
        config = read_config(self.blobs.read(manifest.config.digest))
        if len(config.rootfs.diff_ids) != len(manifest.layers):
            raise ArtifactError("The image's configuration is of another image.")
        return Image(record, manifest, config)

    def layout(self, image: Image) -> Path:
        """Return a folder with exactly this image, made of links: it takes no room of its own."""
        digest = image.record.manifest.digest
        place = self.blobs.root / "layouts" / digest.removeprefix("sha256:")
        if place.is_dir():
            return place
        every = (image.record.manifest, *image.blobs)
        for blob in every:
            verify(self.blobs.path(blob.digest), blob)
        with making(place) as fresh:
            links = Blobs(fresh)
            links.path(digest).parent.mkdir(parents=True)
            for blob in every:
                links.path(blob.digest).hardlink_to(self.blobs.path(blob.digest))
            (fresh / LAYOUT_FILE).write_bytes(LAYOUT)
            (fresh / "index.json").write_bytes(
                encode(Index(schema_version=2, manifests=[image.record.manifest]))
            )
        return place

    def _path(self, digest: str) -> Path:
        return self.folder / f"{digest.removeprefix('sha256:')}.json"


_RECORDS: Final = msgspec.json.Decoder(Record)


def to_artifact(image: Image) -> Artifact:
    """Say what an image is. Raises ArtifactError for one that holds no project."""
    settings = image.config.config
    labels = {} if settings is None else dict(settings.labels or {})
    if f"{LABEL}project" not in labels:
        raise ArtifactError(
            "This image holds no project of Penstock's.",
            hint="`penstock build` makes one that does.",
        )
    return Artifact(
        digest=image.record.manifest.digest,
        project=labels[f"{LABEL}project"],
        api=labels.get(f"{LABEL}api", ""),
        version=labels.get(f"{LABEL}version", ""),
        size=image.record.manifest.size + sum(blob.size for blob in image.blobs),
        created=_epoch(image.config.created),
        added=image.record.added,
        labels=labels,
        base=labels.get("org.opencontainers.image.base.name", ""),
    )


def manifest_descriptor(content: bytes, digest: str, media_type: str = MANIFEST) -> Descriptor:
    return Descriptor(media_type=media_type, digest=digest, size=len(content))


def _is_meant(digest: str, text: str) -> bool:
    if is_digest(text):
        return digest == text
    start = text.removeprefix("sha256:")
    return len(start) >= _SHORTEST and digest.removeprefix("sha256:").startswith(start)


def _epoch(moment: str | None) -> int:
    try:
        return int(datetime.fromisoformat(moment or "").timestamp())
    except ValueError:
        return 0
