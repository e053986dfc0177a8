"""A project's folder → an artifact in the store: checked, compiled, written, described."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from penstock.deploy.artifact.bases import find_base, name_base
from penstock.deploy.artifact.check import (
    compile_queries,
    find_dialects,
    inspect_databases,
    is_inside,
)
from penstock.deploy.artifact.engine import build_by_engine
from penstock.deploy.artifact.image import BaseImage, labels_of, write_image
from penstock.deploy.artifact.images import Record
from penstock.deploy.artifact.layer import FOLDER, Entry, with_folders, write_layer
from penstock.deploy.artifact.manifest import PLACE, ProjectManifest, encode_manifest
from penstock.deploy.artifact.oci import Descriptor
from penstock.deploy.artifact.papers import write_papers
from penstock.deploy.artifact.read import read_project
from penstock.deploy.artifact.sources import Sources, find_sources
from penstock.deploy.artifact.store import ArtifactStore
from penstock.deploy.artifact.types import Artifact, BuildLine, BuildRequest, EngineImage
from penstock.deploy.artifact.unpack import PROJECT
from penstock.deploy.artifact.variables import Variables
from penstock.engine.files import lakes_of
from penstock.errors import ArtifactError
from penstock.project.types import Project, ProjectError
from penstock.project.unplaced import find_unplaced
from penstock.version import VERSION

PACKAGES: Final = ".penstock/packages"
_STEPS: Final = 6


@dataclass(slots=True)
class _Progress:
    log: Callable[[BuildLine], None]
    step: int = 0

    def next(self, text: str) -> None:
        self.step += 1
        self.say(text)

    def say(self, text: str) -> None:
        self.log(BuildLine(self.step, _STEPS, text))


def build_artifact(
    request: BuildRequest, store: ArtifactStore, log: Callable[[BuildLine], None]
) -> Artifact:
    """Build a project into an image.

    No database outside the project is opened, unless that is asked for: a build is possible where
    there is none, and gives the same digest everywhere. Nodes look at theirs before they serve.
    Raises ProjectError with every issue, ArtifactError, StorageFullError.
    """
    progress = _Progress(log)
    with store.blobs.shared():
        manifest, sources = _check(request, progress)
        progress.next(f"Preparing the base: {name_base(request.base)}")
        lakes = lakes_of(source.path for source in sources.files)
        base = find_base(store.blobs, request.base, (*manifest.engines.values(), *lakes))
        manifest = _with_packages(manifest, base)
        labels = labels_of(manifest, base.name, request.epoch)
        progress.next(f"Writing {_plural(len(sources.files), 'file')}")
        image = _write(request, store, base, labels, _entries(manifest, sources))
        sources.check()
        progress.next("Describing what is in it, and how it was made")
        papers = write_papers(store.blobs, image, manifest, base, request)
        store.images.add(Record(manifest=image, added=store.clock(), papers=list(papers)))
        return store.get(image.digest)


def _check(request: BuildRequest, progress: _Progress) -> tuple[ProjectManifest, Sources]:
    progress.next(f"Checking {request.folder}")
    variables = Variables(request.environ)
    project = read_project(request.folder, variables)
    unplaced = find_unplaced(project.connectors.values())
    if unplaced:
        raise ProjectError(unplaced)
    if variables.missing:
        names = ", ".join(variables.missing)
        progress.say(f"Not set here, and not needed to build: {names}")
    progress.next(f"Compiling {_plural(len(project.saved), 'saved quer')}")
    dialects = find_dialects(project)
    queries = compile_queries(project, dialects)
    _inspect(project, request, progress)
    sources = find_sources(project)
    return ProjectManifest(
        project=request.project or project.name,
        api=request.api or project.api,
        version=request.version,
        penstock=VERSION,
        python=platform.python_version(),
        engines={name: c.engine for name, c in sorted(project.connectors.items())},
        dialects=dialects,
        packages={},
        variables=sorted(variables.named),
        queries=list(queries),
        files={source.path: source.digest for source in sources.files},
    ), sources


def _inspect(project: Project, request: BuildRequest, progress: _Progress) -> None:
    inside = [name for name in project.connectors if is_inside(project, name)]
    others = [name for name in project.connectors if name not in inside]
    progress.next(f"Comparing the model with {', '.join(inside) or 'no database'}")
    if others and not request.inspect:
        progress.say(f"Not opened, nodes will look before they serve: {', '.join(others)}")
    inspect_databases(project, tuple(project.connectors if request.inspect else inside))


def _entries(manifest: ProjectManifest, sources: Sources) -> tuple[Entry, ...]:
    """Return the project as it lies in the image, the same on every machine."""
    files = [Entry(f"{PROJECT}/{s.path}", content=s.file) for s in sources.files]
    return (*files, Entry(f"{PROJECT}/{PLACE}", content=encode_manifest(manifest)))


def _write(
    request: BuildRequest,
    store: ArtifactStore,
    base: BaseImage,
    labels: Mapping[str, str],
    project: tuple[Entry, ...],
) -> Descriptor:
    added = () if request.packages is None else tuple(_added(request.packages))
    if isinstance(request.base, EngineImage):
        return build_by_engine(store.blobs, base, (*project, *added), labels)
    # What a base holds there already, the project of a demonstration, is not this project's.
    hidden = (Entry(PROJECT, FOLDER), Entry(f"{PROJECT}/.wh..wh..opq", content=b""))
    layers = [
        write_layer(store.blobs, PROJECT, with_folders(entries), epoch=request.epoch)
        for entries in ((*hidden, *project), added)
        if entries
    ]
    return write_image(store.blobs, base, layers, labels, request.epoch)


def _added(folder: Path) -> Iterator[Entry]:
    if not folder.is_dir():
        raise ArtifactError(f"There is no folder {folder}.", hint="Install packages into it first.")
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        if path.is_file() and "__pycache__" not in relative.parts:
            yield Entry(f"{PROJECT}/{PACKAGES}/{relative.as_posix()}", content=path)


def _with_packages(manifest: ProjectManifest, base: BaseImage) -> ProjectManifest:
    return msgspec.structs.replace(manifest, packages=dict(sorted(base.packages.items())))


def _plural(number: int, noun: str) -> str:
    """Count things; a noun that ends in `quer` is a query."""
    endings = ("y", "ies") if noun.endswith("quer") else ("", "s")
    return f"{number:,} {noun}{endings[number != 1]}"
