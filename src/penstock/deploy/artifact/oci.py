"""The words of the OCI image format, as far as we write and read it."""

from __future__ import annotations

import hashlib
import platform
import re
from typing import Final, TypeVar

import msgspec

from penstock.errors import ArtifactError

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
INDEX: Final = "application/vnd.oci.image.index.v1+json"
CONFIG: Final = "application/vnd.oci.image.config.v1+json"
LAYER: Final = "application/vnd.oci.image.layer.v1.tar"
LAYER_GZIP: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
EMPTY: Final = "application/vnd.oci.empty.v1+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"

LAYOUT_FILE: Final = "oci-layout"
LAYOUT: Final = b'{"imageLayoutVersion":"1.0.0"}'

KIND: Final = "dev.penstock.layer"
"""The annotation of a layer that says what it holds; those of `project` make up /project."""

T = TypeVar("T")

_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_MACHINES: Final = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


class Platform(msgspec.Struct, frozen=True, omit_defaults=True):
    architecture: str = ""
    os: str = ""


class Descriptor(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    rename={"media_type": "mediaType"},
):
    media_type: str
    digest: str
    size: int
    annotations: dict[str, str] = {}
    artifact_type: str | None = msgspec.field(default=None, name="artifactType")
    platform: Platform | None = None

    def __post_init__(self) -> None:
        if _DIGEST.fullmatch(self.digest) is None:
            raise ValueError(f"{self.digest[:80]!r} is not a digest")
        if self.size < 0:
            raise ValueError("a size is not negative")


class Manifest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`subject` is the image that this, its SBOM or provenance, is about."""

    config: Descriptor
    layers: list[Descriptor]
    schema_version: int = msgspec.field(name="schemaVersion")
    media_type: str = msgspec.field(default=MANIFEST, name="mediaType")
    artifact_type: str | None = msgspec.field(default=None, name="artifactType")
    subject: Descriptor | None = None
    annotations: dict[str, str] = {}


class Index(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    manifests: list[Descriptor]
    schema_version: int = msgspec.field(name="schemaVersion")
    media_type: str = msgspec.field(default=INDEX, name="mediaType")


class RootFS(msgspec.Struct, frozen=True, kw_only=True):
    diff_ids: list[str]
    type: str = "layers"


class Settings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="pascal"):
    """How a container is started; the names are the format's, and engines write null for none."""

    user: str = ""
    exposed_ports: dict[str, dict[str, str]] | None = None
    env: list[str] | None = None
    entrypoint: list[str] | None = None
    cmd: list[str] | None = None
    working_dir: str = ""
    labels: dict[str, str] | None = None
    stop_signal: str = ""


class Config(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    architecture: str
    os: str
    rootfs: RootFS
    config: Settings | None = None
    created: str | None = None
    variant: str | None = None


def encode(value: msgspec.Struct) -> bytes:
    """Return the one text that a value has: keys in order, no space."""
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=-1)


def read_manifest(text: bytes) -> Manifest:
    """Read an image manifest, OCI's or Docker's. Raises ArtifactError."""
    manifest = _decode(text, _MANIFESTS, "manifest")
    if manifest.media_type not in {MANIFEST, DOCKER_MANIFEST}:
        raise ArtifactError(f"A manifest of the type {manifest.media_type!r} is not an image's.")
    return manifest


def read_config(text: bytes) -> Config:
    return _decode(text, _CONFIGS, "configuration")


def read_index(text: bytes) -> Index:
    return _decode(text, _INDEXES, "index")


_MANIFESTS: Final = msgspec.json.Decoder(Manifest)
_CONFIGS: Final = msgspec.json.Decoder(Config)
_INDEXES: Final = msgspec.json.Decoder(Index)


def _decode(text: bytes, decoder: msgspec.json.Decoder[T], name: str) -> T:
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, ValueError) as error:
        raise ArtifactError(f"The image's {name} cannot be read: {error}.") from error


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def is_digest(text: str) -> bool:
    return _DIGEST.fullmatch(text) is not None


def architecture() -> str:
    """Return what OCI calls this machine. Raises ArtifactError for one that we do not know."""
    machine = platform.machine()
    if machine not in _MACHINES:
        raise ArtifactError(
            f"No base can be made for a machine of the type {machine!r}.",
            hint="Give a base image for it: --base.",
        )
    return _MACHINES[machine]
