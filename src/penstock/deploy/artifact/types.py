"""The words of artifacts: what is built, from what, and what is known of it afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from penstock.secret import Secret


@dataclass(frozen=True, slots=True)
class BuildLine:
    """What a build is at; `step` counts from 1."""

    step: int
    steps: int
    text: str


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A base made of the interpreter that runs, its packages and the libraries they need."""


@dataclass(frozen=True, slots=True)
class GivenImage:
    """A base image: a folder in OCI image layout, or a tar such as `docker save` writes."""

    path: Path


@dataclass(frozen=True, slots=True)
class EngineImage:
    """`docker build` from an image that Docker's engine has, or fetches."""

    image: str


Base: TypeAlias = Interpreter | GivenImage | EngineImage


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """What to build. Without `project` or `api` they are what penstock.yaml says.

    `epoch` is the time that everything in the image has, in seconds (SOURCE_DATE_EPOCH).
    `inspect` also opens the databases that are not files of the project. Variables that the
    project names and `environ` has not get a placeholder: a build needs no secrets. `packages` is
    a folder of Python packages for the project's own code, which becomes a layer of its own.
    """

    folder: Path
    version: str = "dev"
    api: str | None = None
    project: str | None = None
    base: Base = field(default_factory=Interpreter)
    epoch: int = 0
    inspect: bool = False
    environ: Mapping[str, str] = field(default_factory=dict)
    packages: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """An image in the store. `digest` is that of its OCI manifest, `sha256:…`.

    `size` counts the bytes of all its blobs, of which others may share some. `created` is the
    build's epoch, `added` when it came into this store, both in seconds.
    """

    digest: str
    project: str
    api: str
    version: str
    size: int
    created: int
    added: float
    labels: Mapping[str, str]
    base: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What was removed: artifacts by digest, blobs by number, and how many bytes that freed."""

    artifacts: tuple[str, ...]
    blobs: int
    freed: int


@dataclass(frozen=True, slots=True)
class Login:
    """Whom a registry knows us as."""

    user: str
    password: Secret
