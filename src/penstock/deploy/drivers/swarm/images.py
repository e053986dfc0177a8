"""Artifacts where every machine of a swarm finds them: in a registry, or on this machine alone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from penstock.deploy.drivers.docker.images import Images
from penstock.deploy.drivers.settings import DriverSettings
from penstock.deploy.drivers.types import ImagePlace
from penstock.errors import DriverError, StorageFullError


class Shelf(Protocol):
    """Where images of nodes are, and by which name an engine gets one."""

    def name(self, digest: str) -> str: ...

    def load(self, image: ImagePlace) -> None: ...

    def has(self, digest: str) -> bool: ...

    def list(self) -> frozenset[str]: ...

    def remove(self, digest: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Registry:
    """What was pushed is remembered in the state folder; the registry collects its own garbage."""

    address: str
    settings: DriverSettings

    def name(self, digest: str) -> str:
        return f"{self.address}/nodes@{digest}"

    def load(self, image: ImagePlace) -> None:
        if self.has(image.digest):
            return
        tag = image.digest.removeprefix("sha256:")
        self.settings.tools.push(image, f"{self.address}/nodes:{tag}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._mark(image.digest).touch()
        except OSError as error:
            raise StorageFullError(
                f"{self._folder} cannot be written: {error.strerror}",
                hint="Make room in PENSTOCK_HOME.",
            ) from error

    def has(self, digest: str) -> bool:
        return self._mark(digest).exists()

    def list(self) -> frozenset[str]:
        return frozenset(f"sha256:{mark.name}" for mark in self._folder.glob("*"))

    def remove(self, digest: str) -> None:
        self._mark(digest).unlink(missing_ok=True)

    @property
    def _folder(self) -> Path:
        which = hashlib.sha256(self.address.encode()).hexdigest()[:16]
        return self.settings.home / "pushed" / which

    def _mark(self, digest: str) -> Path:
        name = digest.removeprefix("sha256:")
        if not name.isalnum():
            raise DriverError(f"{digest!r} is not the digest of an artifact")
        return self._folder / name


def choose_shelf(address: str | None, images: Images) -> Shelf:
    return Registry(address.rstrip("/"), images.settings) if address else images
