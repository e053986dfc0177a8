"""How an artifact was made, as an in-toto statement of SLSA's provenance v1."""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.deploy.artifact.image import BaseImage, moment
from penstock.deploy.artifact.manifest import ProjectManifest
from penstock.deploy.artifact.oci import Descriptor
from penstock.deploy.artifact.types import BuildRequest
from penstock.version import VERSION

BUILD_TYPE: Final = "https://penstock.dev/build/v1"
"""A name, of what `externalParameters` mean: nothing is looked up there."""


class _Material(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    digest: dict[str, str]


class _Parameters(msgspec.Struct, frozen=True, kw_only=True):
    project: str
    api: str
    version: str
    base: str
    source_date_epoch: int = msgspec.field(name="sourceDateEpoch")
    inspected: bool


class _Definition(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    build_type: str
    external_parameters: _Parameters
    internal_parameters: dict[str, str]
    resolved_dependencies: list[_Material]


class _Builder(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    version: dict[str, str]


class _Run(msgspec.Struct, frozen=True, kw_only=True):
    builder: _Builder
    metadata: dict[str, str]


class _Predicate(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    build_definition: _Definition
    run_details: _Run


class Statement(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What in-toto calls so: `subject` is the image, the predicate how it was made."""

    type: str = msgspec.field(default="https://in-toto.io/Statement/v1", name="_type")
    subject: list[_Material]
    predicate_type: str = "https://slsa.dev/provenance/v1"
    predicate: _Predicate


def write_provenance(
    manifest: ProjectManifest, image: Descriptor, base: BaseImage, request: BuildRequest
) -> bytes:
    """Return the statement: what went in decides it, not when or where that was."""
    layers = [_material(f"base layer {i}", layer.diff) for i, layer in enumerate(base.layers, 1)]
    files = [_material(path, found) for path, found in manifest.files.items()]
    name = f"{manifest.project}/{manifest.api}:{manifest.version}"
    statement = Statement(
        subject=[_material(name, image.digest)],
        predicate=_Predicate(
            build_definition=_Definition(
                build_type=BUILD_TYPE,
                external_parameters=_Parameters(
                    project=manifest.project,
                    api=manifest.api,
                    version=manifest.version,
                    base=base.name,
                    source_date_epoch=request.epoch,
                    inspected=request.inspect,
                ),
                internal_parameters={"python": manifest.python, "format": str(manifest.format)},
                resolved_dependencies=[*layers, *files],
            ),
            run_details=_Run(
                builder=_Builder(id="penstock build", version={"penstock": VERSION}),
                metadata={"invocationId": image.digest, "startedOn": moment(request.epoch)},
            ),
        ),
    )
    return msgspec.json.format(msgspec.json.encode(statement), indent=1) + b"\n"


def _material(name: str, digest: str) -> _Material:
    return _Material(name=name, digest={"sha256": digest.removeprefix("sha256:")})
