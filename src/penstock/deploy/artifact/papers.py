"""What goes with an image: its bill of materials, and how it was made. OCI calls them referrers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from penstock.deploy.artifact.blobs import Blobs
from penstock.deploy.artifact.image import BaseImage
from penstock.deploy.artifact.manifest import ProjectManifest
from penstock.deploy.artifact.oci import (
    EMPTY,
    MANIFEST,
    Descriptor,
    Manifest,
    encode,
    read_manifest,
)
from penstock.deploy.artifact.provenance import write_provenance
from penstock.deploy.artifact.sbom import write_sbom
from penstock.deploy.artifact.types import BuildRequest
from penstock.errors import ArtifactError, NotFoundError

SBOM: Final = "application/vnd.cyclonedx+json"
PROVENANCE: Final = "application/vnd.in-toto+json"


def write_papers(
    blobs: Blobs,
    image: Descriptor,
    manifest: ProjectManifest,
    base: BaseImage,
    request: BuildRequest,
) -> Iterator[Descriptor]:
    """Write both, and yield their manifests."""
    yield write_paper(blobs, image, SBOM, write_sbom(manifest, image.digest))
    yield write_paper(blobs, image, PROVENANCE, write_provenance(manifest, image, base, request))


def write_paper(blobs: Blobs, image: Descriptor, kind: str, text: bytes) -> Descriptor:
    """Write a paper and its manifest, which says what image it is about."""
    manifest = Manifest(
        schema_version=2,
        config=blobs.write(b"{}", EMPTY),
        layers=[blobs.write(text, kind)],
        artifact_type=kind,
        subject=image,
    )
    written = blobs.write(encode(manifest), MANIFEST)
    return Descriptor(
        media_type=MANIFEST, digest=written.digest, size=written.size, artifact_type=kind
    )


def read_paper(blobs: Blobs, papers: list[Descriptor], kind: str) -> bytes:
    """Return the text of a paper. Raises NotFoundError, ArtifactError."""
    for paper in papers:
        if paper.artifact_type == kind:
            layers = read_manifest(blobs.read(paper.digest)).layers
            if len(layers) == 1:
                return blobs.read(layers[0].digest)
            raise ArtifactError("What goes with the artifact cannot be read.")
    raise NotFoundError(
        "Nothing of this kind goes with the artifact.",
        hint="Artifacts that were built here or pulled have it; a tar holds the image alone.",
    )
