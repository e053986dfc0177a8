"""What every driver is made from: where, for whom, and how images are handled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from penstock.deploy.drivers.types import ImagePlace


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageTools:
    """What drivers need of artifacts, given to them so that the two packages stay apart.

    `unpack(image, folder)` makes the folder of the project in an image, whole or not at all.
    `archive(image, out, tags)` writes what `docker load` reads. `push(image, reference)` sends an
    image to a registry and returns what engines pull, `host/name@sha256:…`.
    """

    unpack: Callable[[ImagePlace, Path], None]
    archive: Callable[[ImagePlace, BinaryIO, Sequence[str]], None]
    push: Callable[[ImagePlace, str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverSettings:
    """`home` is the state folder; `installation` tells ours from others' on a shared engine.

    `environment` is the manager's own: drivers read their settings in it, `DOCKER_HOST` among them,
    and hand none of it to nodes but what `process.launch` lists. `command` is run in place of
    `penstock node`.
    """

    home: Path
    installation: str
    tools: ImageTools
    environment: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] | None = None
