"""What somebody wants a project to be put on → the base image, its layers in the store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from penstock.deploy.artifact.blobs import Blobs
from penstock.deploy.artifact.engine import read_engine_base
from penstock.deploy.artifact.given import read_base
from penstock.deploy.artifact.image import BaseImage
from penstock.deploy.artifact.interpreter.make import make_base
from penstock.deploy.artifact.types import Base, EngineImage, GivenImage, Interpreter


def find_base(blobs: Blobs, base: Base, engines: Iterable[str]) -> BaseImage:
    """Return the base. Raises ArtifactError, DriverUnavailableError, StorageFullError."""
    match base:
        case Interpreter():
            return make_base(blobs, engines)
        case GivenImage(path):
            return read_base(blobs, path, engines)
        case EngineImage(image):
            return read_engine_base(image)
        case _:
            assert_never(base)


def name_base(base: Base) -> str:
    """Say what a base is, before it is looked at."""
    match base:
        case Interpreter():
            return "the interpreter that runs here"
        case GivenImage(path):
            return str(path)
        case EngineImage(image):
            return f"Docker's {image}"
        case _:
            assert_never(base)
