"""A project's folder -> what goes to the manager: its names, and its files as a ZIP."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.deploy.artifact.read import describe_project, read_project
from penstock.deploy.artifact.sources import Source, find_sources
from penstock.deploy.artifact.variables import Variables
from penstock.store.tree import Entry, digest_of, write_tree

if TYPE_CHECKING:
    from penstock.project.outline import Outline
    from penstock.project.types import Project

_PACKED = frozenset({".parquet", ".gz", ".zst", ".zip", ".duckdb"})  # small as they are
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Parcel:
    """A project's folder, on its way to a manager. Raises ProjectError with every issue.

    What the manager has already goes nowhere, and is not checked again: that takes half a second.
    """

    folder: Path

    @property
    def name(self) -> str:
        return self._described.name

    @property
    def api(self) -> str:
        return self._described.api

    @property
    def title(self) -> str | None:
        return self._described.title

    @cached_property
    def content(self) -> str:
        """The digest that the manager gives just the files that an artifact is made of."""
        entries = (
            Entry(it.path, it.file.stat().st_size, f"sha256:{it.digest}") for it in self._files
        )
        return digest_of(write_tree(entries))

    def check(self) -> None:
        """Read all of the project, once, before anything is made of it."""
        _ = self._whole

    @contextmanager
    def packed(self) -> Iterator[Path]:
        """Give a ZIP of these files."""
        with tempfile.TemporaryDirectory(prefix="penstock-") as temporary:
            archive = Path(temporary) / "project.zip"
            with zipfile.ZipFile(archive, "w", compresslevel=1) as into:
                for source in self._files:
                    _add(source, into)
            yield archive

    @cached_property
    def _whole(self) -> Project:
        return read_project(self.folder, Variables({}))

    @cached_property
    def _described(self) -> Outline | Project:
        return describe_project(self.folder)

    @cached_property
    def _files(self) -> tuple[Source, ...]:
        return find_sources(self._described).files


def _add(source: Source, into: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo(source.path, _EPOCH)
    if source.file.suffix not in _PACKED:
        info.compress_type = zipfile.ZIP_DEFLATED
    with source.file.open("rb") as read, into.open(info, "w", force_zip64=True) as to:
        shutil.copyfileobj(read, to, 1 << 20)
