"""A project, a base of a few bytes, and a store: what most tests of artifacts begin with."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from penstock.deploy.artifact.blobs import Blobs
from penstock.deploy.artifact.build import build_artifact
from penstock.deploy.artifact.layer import PROGRAM, Entry, Layer, with_folders, write_layer
from penstock.deploy.artifact.oci import (
    CONFIG,
    LAYOUT,
    LAYOUT_FILE,
    MANIFEST,
    Config,
    Index,
    Manifest,
    RootFS,
    Settings,
    architecture,
    encode,
)
from penstock.deploy.artifact.store import ArtifactStore
from penstock.deploy.artifact.types import Artifact, Base, BuildLine, BuildRequest, GivenImage
from penstock.project.template import Template, start_project

SITE: Final = "opt/penstock/lib/python3.11/site-packages"
PACKAGES: Final = {"penstock": "0.1.0", "duckdb": "2.0.0", "psycopg": "3.3.9"}


def make_shop(folder: Path, template: Template = Template.QUERY) -> Path:
    start_project("shop", template, folder)
    return folder


def make_base(folder: Path, packages: Mapping[str, str] = PACKAGES) -> Path:
    """Write an image that has the packages' names and nothing that runs."""
    blobs = Blobs(folder)
    told = [
        Entry(f"{SITE}/{name}-{version}.dist-info/METADATA", content=b"")
        for name, version in packages.items()
    ]
    demo = Entry("project/queries/of-the-base.yaml", content=b"title: of the base\n")
    files = with_folders([*told, demo, Entry("opt/penstock/bin/penstock", PROGRAM, b"#!/bin/sh\n")])
    return write_layout(folder, write_layer(blobs, "base", files, pack=True))


def write_layout(folder: Path, *layers: Layer, labels: Mapping[str, str] | None = None) -> Path:
    """Write what makes layers an image."""
    blobs = Blobs(folder)
    config = Config(
        architecture=architecture(),
        os="linux",
        config=Settings(env=["PATH=/opt/penstock/bin:/bin", "LANG=C"], labels=dict(labels or {})),
        rootfs=RootFS(diff_ids=[layer.diff for layer in layers]),
    )
    manifest = Manifest(
        schema_version=2,
        config=blobs.write(encode(config), CONFIG),
        layers=[layer.blob for layer in layers],
    )
    own = blobs.write(encode(manifest), MANIFEST)
    (folder / LAYOUT_FILE).write_bytes(LAYOUT)
    (folder / "index.json").write_bytes(encode(Index(schema_version=2, manifests=[own])))
    return folder


class Workshop:
    """A folder with a project `shop`, a base, and a store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = make_shop(folder / "shop")
        self.base: Base = GivenImage(make_base(folder / "base"))
        self.store = ArtifactStore(folder / "artifacts")
        self.lines: list[BuildLine] = []

    @property
    def request(self) -> BuildRequest:
        return BuildRequest(folder=self.project, version="1.0", base=self.base)

    def build(self, request: BuildRequest | None = None, version: str = "1.0") -> Artifact:
        wanted = replace(self.request, version=version) if request is None else request
        return build_artifact(wanted, self.store, self.lines.append)

    def write(self, path: str, text: str) -> None:
        place = self.project / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    @property
    def partial(self) -> list[Path]:
        """What was begun in the store and not finished."""
        return [*self.store.blobs.root.rglob(".partial-*")]

    def forget(self) -> None:
        shutil.rmtree(self.store.blobs.root)
