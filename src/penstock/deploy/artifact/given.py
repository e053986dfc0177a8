"""An image that somebody gives → the base of artifacts, if Penstock is in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from penstock.deploy.artifact.blobs import Blobs
from penstock.deploy.artifact.disk import write_whole
from penstock.deploy.artifact.image import BaseImage
from penstock.deploy.artifact.intake import take_in
from penstock.deploy.artifact.interpreter.packages import OWN, required_by
from penstock.deploy.artifact.layer import Layer
from penstock.deploy.artifact.oci import LAYER, LAYER_GZIP, Descriptor, Manifest, read_config
from penstock.deploy.artifact.unpack import open_layer
from penstock.errors import ArtifactError

_KINDS: Final = {
    "application/vnd.docker.image.rootfs.diff.tar": LAYER,
    "application/vnd.docker.image.rootfs.diff.tar.gzip": LAYER_GZIP,
}
_PACKAGE: Final = re.compile(r".*/(?P<name>[^/]+)-(?P<version>[^/-]+)\.dist-info/METADATA")


def read_base(blobs: Blobs, path: Path, engines: Iterable[str]) -> BaseImage:
    """Take an image into the store as a base.

    Raises ArtifactError where it lacks Penstock, or the package of an engine.
    """
    own, manifest = take_in(blobs, path)
    config = read_config(blobs.read(manifest.config.digest))
    if len(config.rootfs.diff_ids) != len(manifest.layers):
        raise ArtifactError("The base image is damaged: its layers are others than it says.")
    pairs = zip(manifest.layers, config.rootfs.diff_ids, strict=True)
    packages = _packages(blobs, own.digest, manifest)
    _check(packages, engines)
    return BaseImage(
        name=own.digest,
        layers=tuple(Layer(_renamed(blob), diff) for blob, diff in pairs),
        packages=packages,
        architecture=config.architecture,
        os=config.os,
        environment=tuple((config.config.env if config.config else None) or ()),
    )


def _renamed(blob: Descriptor) -> Descriptor:
    """Call a layer as OCI does, whatever Docker called it; none of a base is the project's."""
    name = _KINDS.get(blob.media_type, blob.media_type)
    return Descriptor(media_type=name, digest=blob.digest, size=blob.size)


def _check(packages: dict[str, str], engines: Iterable[str]) -> None:
    wanted = {OWN: OWN} | {
        name: f"{OWN}[{engine}]" for engine in engines for name in required_by(engine)
    }
    for name, said in wanted.items():
        if name not in packages:
            raise ArtifactError(
                f"The base image has no package {name!r}, which the project needs.",
                hint=f'Make it with: pip install "{said}"',
            )


def _packages(blobs: Blobs, digest: str, manifest: Manifest) -> dict[str, str]:
    """Return the distributions in an image, looked up once for each image."""
    record = blobs.root / "bases" / f"given-{digest.removeprefix('sha256:')}.json"
    try:
        return _PACKAGES.decode(record.read_bytes())
    except (OSError, msgspec.DecodeError):
        found: dict[str, str] = {}
    for layer in manifest.layers:
        with open_layer(blobs, layer) as tar:
            for member in tar:
                named = _PACKAGE.fullmatch(f"/{member.name}")
                if named is not None:
                    found[re.sub(r"[-_.]+", "-", named["name"]).lower()] = named["version"]
    write_whole(record, msgspec.json.encode(found))
    return found


_PACKAGES: Final = msgspec.json.Decoder(dict[str, str])
