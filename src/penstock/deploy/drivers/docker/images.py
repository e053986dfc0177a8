"""Artifacts as images of an engine, under names that last as long as they do."""

from __future__ import annotations

import re
import tempfile
from collections import deque
from dataclasses import dataclass

import msgspec
from docker.api.client import APIClient
from docker.errors import APIError, NotFound

from penstock.deploy.drivers.engine import Engine
from penstock.deploy.drivers.settings import DriverSettings
from penstock.deploy.drivers.types import ImagePlace
from penstock.errors import DriverError, StorageFullError

_CONFLICT = 409
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")


class _Listed(msgspec.Struct, frozen=True):
    tags: tuple[str, ...] | None = msgspec.field(name="RepoTags", default=None)


@dataclass(frozen=True, slots=True)
class Images:
    """One name for each artifact and installation: another one's may be removed under us."""

    engine: Engine
    settings: DriverSettings

    def name(self, digest: str) -> str:
        found = _DIGEST.fullmatch(digest)
        if found is None:
            raise DriverError(f"{digest!r} is not the digest of an artifact")
        return f"{self._repository}:{found[1]}"

    def load(self, image: ImagePlace) -> None:
        name = self.name(image.digest)
        if self.has(image.digest):
            return
        # A file, not memory; the engine verifies each layer against the image's own list.
        try:
            with tempfile.TemporaryFile(dir=self.settings.home) as archive:
                self.settings.tools.archive(image, archive, [name])

                def load(api: APIClient) -> None:
                    archive.seek(0)
                    deque(api.load_image(archive, quiet=True), maxlen=0)  # type: ignore[no-untyped-call]  # its stubs say little

                self.engine.call(load)
        except OSError as error:
            raise StorageFullError(
                f"The image cannot be handed to the engine: {error.strerror}",
                hint="Make room in PENSTOCK_HOME.",
            ) from error
        if not self.has(image.digest):
            raise DriverError(f"The engine took {image.digest[:19]}…, but does not show it")

    def has(self, digest: str) -> bool:
        name = self.name(digest)
        try:
            self.engine.call(lambda api: api.inspect_image(name))  # type: ignore[no-untyped-call]  # its stubs say little
        except NotFound:
            return False
        return True

    def list(self) -> frozenset[str]:
        wanted = {"reference": self._repository}
        found = self.engine.call(lambda api: api.images(filters=wanted))
        tags = [tag for image in msgspec.convert(found, list[_Listed]) for tag in image.tags or ()]
        named = (tag.rpartition(":") for tag in tags)
        digests = (
            f"sha256:{tag}" for repository, _, tag in named if repository == self._repository
        )
        return frozenset(digest for digest in digests if _DIGEST.fullmatch(digest))

    def remove(self, digest: str) -> None:
        """Remove our name; the layers go with the last name they have.

        A container that is just being removed still holds its image: then it stays listed, and
        the next time will do.
        """
        try:
            self.engine.call(lambda api: api.remove_image(self.name(digest)))
        except NotFound:
            return
        except DriverError as error:
            cause = error.__cause__
            if not isinstance(cause, APIError) or cause.status_code != _CONFLICT:
                raise

    @property
    def _repository(self) -> str:
        return f"penstock-nodes/{self.settings.installation.lower()}"
