"""Images of the store ↔ those of a registry, with what is said about them."""

from __future__ import annotations

from collections.abc import Iterable

from penstock.deploy.artifact.blobs import Blobs
from penstock.deploy.artifact.images import Image
from penstock.deploy.artifact.oci import (
    DOCKER_MANIFEST,
    INDEX,
    MANIFEST,
    Descriptor,
    Index,
    Manifest,
    digest_of,
    encode,
    is_digest,
    read_index,
    read_manifest,
)
from penstock.deploy.artifact.remote import Remote, open_remote
from penstock.deploy.artifact.types import Login
from penstock.errors import ArtifactError, NotFoundError

_MOST_PAPERS = 20


def push_image(
    blobs: Blobs, image: Image, reference: str, login: Login | None, *, plain_http: bool
) -> str:
    """Send an image and its papers; return where it is. Raises RegistryError."""
    remote = open_remote(reference, login, plain_http=plain_http)
    own = image.record.manifest
    _send(blobs, remote, image.blobs)
    remote.put_manifest(
        own.digest if is_digest(remote.tag) else remote.tag,
        blobs.read(own.digest),
        own.media_type,
    )
    knows = [_send_paper(blobs, remote, paper) for paper in image.record.papers]
    if image.record.papers and not all(knows):
        # A registry that keeps no list of what is about an image is given one, as OCI says.
        index = Index(schema_version=2, manifests=list(image.record.papers))
        remote.put_manifest(_list_tag(own.digest), encode(index), INDEX)
    return f"{remote.host}/{remote.name}@{own.digest}"


def _send_paper(blobs: Blobs, remote: Remote, paper: Descriptor) -> bool:
    """Send a paper, and return whether the registry keeps a list of what is about an image."""
    text = blobs.read(paper.digest)
    manifest = read_manifest(text)
    _send(blobs, remote, (manifest.config, *manifest.layers))
    return "OCI-Subject" in remote.put_manifest(paper.digest, text, paper.media_type)


def _send(blobs: Blobs, remote: Remote, wanted: Iterable[Descriptor]) -> None:
    for blob in wanted:
        if not remote.has(blob.digest):
            remote.put(blob.digest, blob.size, blobs.path(blob.digest))


def pull_image(
    blobs: Blobs, reference: str, login: Login | None, *, plain_http: bool
) -> tuple[Descriptor, tuple[Descriptor, ...]]:
    """Fetch an image and its papers, every part checked; return their manifests.

    Raises RegistryError, NotFoundError, ArtifactError.
    """
    remote = open_remote(reference, login, plain_http=plain_http)
    text = remote.get_manifest(remote.tag, (MANIFEST, DOCKER_MANIFEST))
    if text is None:
        raise NotFoundError(f"{remote.host} has no image {remote.name}:{remote.tag}.")
    own, _ = _fetch(blobs, remote, text, remote.tag)
    return own, tuple(_fetch_papers(blobs, remote, own))


def _fetch(blobs: Blobs, remote: Remote, text: bytes, wanted: str) -> tuple[Descriptor, Manifest]:
    if is_digest(wanted) and digest_of(text) != wanted:
        raise ArtifactError(f"{remote.host} sends another image than it was asked for.")
    manifest = read_manifest(text)
    for blob in (manifest.config, *manifest.layers):
        if not blobs.has(blob):
            with remote.get(blob.digest) as stream:
                blobs.take(stream, blob)
    return blobs.write(text, manifest.media_type), manifest


def _fetch_papers(blobs: Blobs, remote: Remote, own: Descriptor) -> Iterable[Descriptor]:
    listed = remote.get_referrers(own.digest, INDEX) or remote.get_manifest(
        _list_tag(own.digest), (INDEX,)
    )
    for paper in [] if listed is None else read_index(listed).manifests[:_MOST_PAPERS]:
        text = remote.get_manifest(paper.digest, (MANIFEST,))
        if text is None:
            continue
        found, manifest = _fetch(blobs, remote, text, paper.digest)
        if manifest.subject is not None and manifest.subject.digest == own.digest:
            yield Descriptor(
                media_type=found.media_type,
                digest=found.digest,
                size=found.size,
                artifact_type=manifest.artifact_type,
            )


def _list_tag(digest: str) -> str:
    return digest.replace(":", "-")
