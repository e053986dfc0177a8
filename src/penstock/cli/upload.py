"""A project's folder -> what goes to the manager: its names, and its files as a ZIP."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a fifth of a second at each start
    from penstock.project.types import Project


_PACKED = frozenset({".parquet", ".gz", ".zst", ".zip", ".duckdb"})  # small as they are
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Names:
    project: str
    api: str
    title: str | None


def read_names(folder: Path) -> Names:
    """Read and check a project. Raises ProjectError with every issue."""
    project = _read(folder)
    return Names(project.name, project.api, project.title)


@contextmanager
def pack(folder: Path) -> Iterator[Path]:
    """Give a ZIP of just the files that an artifact is made of."""
    from penstock.deploy.artifact.sources import find_sources  # noqa: PLC0415 as below

    project = _read(folder)
    with tempfile.TemporaryDirectory(prefix="penstock-") as temporary:
        archive = Path(temporary) / "project.zip"
        with zipfile.ZipFile(archive, "w", compresslevel=1) as into:
            for source in find_sources(project).files:
                info = zipfile.ZipInfo(source.path, _EPOCH)
                if source.file.suffix not in _PACKED:
                    info.compress_type = zipfile.ZIP_DEFLATED
                with source.file.open("rb") as read, into.open(info, "w", force_zip64=True) as to:
                    shutil.copyfileobj(read, to, 1 << 20)
        yield archive


def _read(folder: Path) -> Project:
    from penstock.deploy.artifact.check import Variables, read_project  # noqa: PLC0415 half a second at each start

    return read_project(folder, Variables({}))
