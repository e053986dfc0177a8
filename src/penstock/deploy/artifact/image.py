"""A base, a project's layers → an image: its configuration and manifest, hardened and labelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from penstock.deploy.artifact.blobs import Blobs
from penstock.deploy.artifact.layer import Layer
from penstock.deploy.artifact.manifest import ProjectManifest
from penstock.deploy.artifact.oci import (
    CONFIG,
    MANIFEST,
    Config,
    Descriptor,
    Manifest,
    RootFS,
    Settings,
    encode,
)

USER: Final = 10001
PORT: Final = 8080
LABEL: Final = "dev.penstock."
_OCI: Final = "org.opencontainers.image."
_PATH: Final = "/opt/penstock/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

ENVIRONMENT: Final[Mapping[str, str]] = {
    "HOME": "/tmp",  # noqa: S108 - the container's, the one folder beside /state that is written to
    "PENSTOCK_HOME": "/state",
    "PENSTOCK_LISTEN": f"0.0.0.0:{PORT}",
    "PENSTOCK_STATE": "/state",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseImage:
    """What a project is put on. `packages` maps the distributions in it to their versions.

    `name` says what it is: `interpreter`, or the digest of the image given.
    """

    name: str
    layers: tuple[Layer, ...]
    packages: Mapping[str, str]
    architecture: str
    os: str = "linux"
    environment: tuple[str, ...] = ()


def labels_of(manifest: ProjectManifest, base: str, epoch: int) -> dict[str, str]:
    return {
        f"{_OCI}title": f"{manifest.project}/{manifest.api}",
        f"{_OCI}version": manifest.version,
        f"{_OCI}created": moment(epoch),
        f"{_OCI}base.name": base,
        f"{LABEL}project": manifest.project,
        f"{LABEL}api": manifest.api,
        f"{LABEL}version": manifest.version,
        f"{LABEL}format": str(manifest.format),
        f"{LABEL}penstock": manifest.penstock,
    }


def write_image(
    blobs: Blobs, base: BaseImage, layers: Sequence[Layer], labels: Mapping[str, str], epoch: int
) -> Descriptor:
    """Write an image's configuration and manifest, and return the manifest's descriptor."""
    every = (*base.layers, *layers)
    config = Config(
        architecture=base.architecture,
        os=base.os,
        created=moment(epoch),
        config=Settings(
            user=f"{USER}:{USER}",
            exposed_ports={f"{PORT}/tcp": {}},
            env=_environment(base.environment),
            entrypoint=["penstock"],
            cmd=["node", "/project"],
            labels=dict(labels),
            stop_signal="SIGTERM",
            working_dir="/",
        ),
        rootfs=RootFS(diff_ids=[layer.diff for layer in every]),
    )
    manifest = Manifest(
        schema_version=2,
        config=blobs.write(encode(config), CONFIG),
        layers=[layer.blob for layer in every],
        annotations=dict(labels),
    )
    return blobs.write(encode(manifest), MANIFEST)


def _environment(base: Sequence[str]) -> list[str]:
    """Return the base's variables with ours over them; where programs are is the base's matter."""
    named = {"PATH": _PATH, **dict(entry.split("=", 1) for entry in base if "=" in entry)}
    return [f"{name}={value}" for name, value in sorted({**named, **ENVIRONMENT}.items())]


def moment(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
