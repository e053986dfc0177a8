"""Datasets, the engines they are in, and projects open over them: each made when needed."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import duckdb
import msgspec
import yaml

from oracle.cases import Who
from oracle.datasets import Dataset, find_dataset
from oracle.engines.types import Load, Place, UnderTest
from penstock.local import As, Project

PARTS = ("penstock.yaml", "models", "policies")


@cache
def dataset(name: str) -> Dataset:
    return find_dataset(name)


@dataclass(slots=True)
class Laboratory:
    """What could not be opened once is not tried again: each of its cases says why."""

    room: Path
    open: ExitStack
    places: dict[str, Place] = field(default_factory=dict)
    folders: dict[tuple[str, str], Path] = field(default_factory=dict)
    projects: dict[tuple[str, str, bytes], Project | Exception] = field(default_factory=dict)
    oracles: dict[str, duckdb.DuckDBPyConnection] = field(default_factory=dict)

    def oracle(self, name: str) -> duckdb.DuckDBPyConnection:
        if name not in self.oracles:
            self.oracles[name] = self.open.enter_context(dataset(name).connect())
        return self.oracles[name]

    def project(self, engine: UnderTest, name: str, who: Who | None) -> Project:
        key = (engine.name, name, msgspec.json.encode(who))
        if key not in self.projects:
            try:
                self.projects[key] = self._open(engine, name, who)
            except Exception as error:  # noqa: BLE001 - it is raised below, and each time after
                self.projects[key] = error
        found = self.projects[key]
        if isinstance(found, Exception):
            raise found
        return found

    def _open(self, engine: UnderTest, name: str, who: Who | None) -> Project:
        if (engine.name, name) not in self.folders:
            self.folders[engine.name, name] = self._make(engine, name)
        folder = self.folders[engine.name, name]
        as_ = None if who is None else As(who.roles, who.attributes)
        return self.open.enter_context(Project(folder, as_=as_))

    def _make(self, engine: UnderTest, name: str) -> Path:
        """Copy a project and put this engine's connector into it."""
        data = dataset(name)
        folder = self.room / f"{engine.name}-{name}"
        folder.mkdir()
        for part in PARTS:
            _copy(data.project / part, folder / part)
        connector = self._place(engine).load(Load(name, data.tables(), data.keys(), folder))
        (folder / "connectors").mkdir()
        said = yaml.safe_dump(dict(connector), allow_unicode=True)
        (folder / "connectors" / f"{data.database}.yaml").write_text(said, encoding="utf-8")
        return folder

    def _place(self, engine: UnderTest) -> Place:
        if engine.name not in self.places:
            self.places[engine.name] = self.open.enter_context(engine.start())
        return self.places[engine.name]


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.exists():
        shutil.copy(source, target)
