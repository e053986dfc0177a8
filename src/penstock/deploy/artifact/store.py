"""The artifacts of an installation: images by their digest, in one folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final

from penstock.deploy.artifact.archive import default_tags, write_archive
from penstock.deploy.artifact.blobs import Blobs
from penstock.deploy.artifact.collect import collect, held, hold
from penstock.deploy.artifact.disk import writing
from penstock.deploy.artifact.images import Images, Record, to_artifact
from penstock.deploy.artifact.intake import take_in
from penstock.deploy.artifact.manifest import PLACE, ProjectManifest, decode_manifest
from penstock.deploy.artifact.papers import PROVENANCE, read_paper
from penstock.deploy.artifact.registry import pull_image, push_image
from penstock.deploy.artifact.sbom import write_sbom
from penstock.deploy.artifact.types import Artifact, Collected, Login
from penstock.deploy.artifact.unpack import read_file
from penstock.deploy.drivers.types import ImagePlace
from penstock.errors import ArtifactError

_READABLE: Final = 0o644


class ArtifactStore:
    """Any number of processes may use a folder at once.

    A digest may be given by its beginning. Every method that takes one raises NotFoundError where
    there is no such artifact, ArtifactError where it is damaged; those that write raise
    StorageFullError, and leave nothing half written.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.blobs = Blobs(folder)
        self.images = Images(self.blobs)

    def list(self) -> tuple[Artifact, ...]:
        """Return every artifact, the newest first; a damaged one is passed over."""
        found = []
        for record in self.images.records():
            try:
                found.append(to_artifact(self.images.read(record)))
            except ArtifactError:
                continue
        return tuple(sorted(found, key=lambda a: (a.added, a.digest), reverse=True))

    def get(self, digest: str) -> Artifact:
        return to_artifact(self.images.read(self.images.find(digest)))

    def layout(self, digest: str) -> Path:
        """Return a folder in OCI image layout with this image alone, every part checked."""
        return self.images.layout(self.images.read(self.images.find(digest)))

    def place(self, digest: str) -> ImagePlace:
        """Return an artifact as drivers take it."""
        whole = self.images.find(digest).manifest.digest
        return ImagePlace(whole, self.layout(whole))

    def export(self, digest: str, path: Path, *, tags: Sequence[str] = ()) -> Path:
        """Write one tar that Docker loads, old or new, and `import_` takes.

        Without tags it is called `penstock/<project>-<api>:<version>` there.
        """
        place = self.place(digest)
        with writing(path, _READABLE) as out:
            write_archive(place, out, tags or default_tags(place))
        return path

    def import_(self, path: Path) -> Artifact:
        """Take an artifact from such a tar, or from a folder in OCI image layout."""
        with self.blobs.shared():
            own, _ = take_in(self.blobs, path)
            return self._add(Record(manifest=own, added=self.clock()))

    def push(
        self, digest: str, reference: str, login: Login | None = None, *, plain_http: bool = False
    ) -> str:
        """Copy an artifact to a registry, its papers too; return where it is, by its digest.

        Raises RegistryError.
        """
        image = self.images.read(self.images.find(digest))
        self.images.layout(image)
        return push_image(self.blobs, image, reference, login, plain_http=plain_http)

    def pull(
        self, reference: str, login: Login | None = None, *, plain_http: bool = False
    ) -> Artifact:
        """Copy an artifact from a registry, its papers too. Raises RegistryError."""
        with self.blobs.shared():
            own, papers = pull_image(self.blobs, reference, login, plain_http=plain_http)
            return self._add(Record(manifest=own, added=self.clock(), papers=[*papers]))

    def collect(self, keep: AbstractSet[str]) -> Collected:
        """Remove every artifact but these, by their whole digests, and those that are held.

        Raises ConflictError while something is being built or fetched.
        """
        return collect(self.images, keep)

    def hold(self, holder: str, digests: AbstractSet[str]) -> None:
        """Keep artifacts from being removed, whoever asks, until the holder says otherwise.

        What is deployed, or kept for a rollback, is held by the manager.
        """
        hold(self.blobs.root, holder, digests)

    def held(self) -> frozenset[str]:
        return held(self.blobs.root)

    def manifest(self, digest: str) -> ProjectManifest:
        """Return what an artifact says of its project."""
        place = self.place(digest)
        return decode_manifest(read_file(place, PLACE))

    def environment(self, digest: str) -> AbstractSet[str]:
        """Return the names of the variables that an artifact brings itself, of its base."""
        settings = self.images.read(self.images.find(digest)).config.config
        told = () if settings is None else settings.env or ()
        return {entry.partition("=")[0] for entry in told}

    def sbom(self, digest: str) -> bytes:
        """Return the bill of materials, CycloneDX in JSON: it follows from the artifact."""
        whole = self.images.find(digest).manifest.digest
        return write_sbom(self.manifest(whole), whole)

    def provenance(self, digest: str) -> bytes:
        """Return how it was made, an in-toto statement in JSON.

        Raises NotFoundError for an artifact that came in a tar, which holds the image alone.
        """
        return read_paper(self.blobs, self.images.find(digest).papers, PROVENANCE)

    def _add(self, record: Record) -> Artifact:
        """Record an image that is whole; one that is there already keeps its papers."""
        artifact = to_artifact(self.images.read(record))
        known = [r for r in self.images.records() if r.manifest.digest == record.manifest.digest]
        if not (known and known[0].papers and not record.papers):
            self.images.add(record)
        return artifact
