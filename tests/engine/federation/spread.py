"""The tables of one project, spread over the databases of several engines."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import duckdb
import msgspec
import yaml

from oracle.cases import Who
from oracle.datasets import Dataset, find_dataset
from oracle.engines import duckdb as on_duckdb
from oracle.engines import postgres as on_postgres
from oracle.engines import sqlite as on_sqlite
from oracle.engines.types import Load, Place, UnderTest
from penstock.local import As, Project

Spread: TypeAlias = Mapping[str, Sequence[str]]
"""Tables by the engine that they are in, which is also what their database is called."""

ENGINES: Final[Mapping[str, UnderTest]] = {
    engine.ENGINE.name: engine.ENGINE for engine in (on_duckdb, on_postgres, on_sqlite)
}


@dataclass(slots=True)
class Spreads:
    """Projects over spread tables, each made when it is needed, and what their data says."""

    room: Path
    open: ExitStack
    places: dict[str, Place] = field(default_factory=dict)
    folders: dict[str, Path] = field(default_factory=dict)
    projects: dict[tuple[str, bytes], Project] = field(default_factory=dict)
    oracles: dict[str, duckdb.DuckDBPyConnection] = field(default_factory=dict)

    def oracle(self, name: str) -> duckdb.DuckDBPyConnection:
        if name not in self.oracles:
            self.oracles[name] = self.open.enter_context(find_dataset(name).connect())
        return self.oracles[name]

    def project(self, dataset: str, spread: Spread, who: Who | None = None) -> Project:
        name = f"{dataset}-{'-'.join(f'{k}_{len(v)}' for k, v in spread.items())}"
        key = (name, msgspec.json.encode(who))
        if key not in self.projects:
            if name not in self.folders:
                self.folders[name] = self._make(name, find_dataset(dataset), spread)
            as_ = None if who is None else As(who.roles, who.attributes)
            self.projects[key] = self.open.enter_context(Project(self.folders[name], as_=as_))
        return self.projects[key]

    def _make(self, name: str, data: Dataset, spread: Spread) -> Path:
        folder = self.room / name
        (folder / "connectors").mkdir(parents=True)
        for part in ("penstock.yaml", "policies"):
            copy(data.project / part, folder / part)
        homes = {table: engine for engine, tables in spread.items() for table in tables}
        write_models(data.project / "models", folder / "models", homes)
        tables, keys = data.tables(), data.keys()
        for engine, own in spread.items():
            load = Load(
                dataset=f"{name.replace('-', '_')}",
                tables={table: tables[table] for table in own},
                keys={table: keys[table] for table in own},
                project=folder,
            )
            connector = yaml.safe_dump(dict(self._place(engine).load(load)), allow_unicode=True)
            (folder / "connectors" / f"{engine}.yaml").write_text(connector, encoding="utf-8")
        return folder

    def _place(self, engine: str) -> Place:
        if engine not in self.places:
            self.places[engine] = self.open.enter_context(ENGINES[engine].start())
        return self.places[engine]


def write_models(source: Path, target: Path, homes: Mapping[str, str]) -> None:
    """Write the models of a project with each table in the database that `homes` names."""
    target.mkdir()
    for file in sorted(source.glob("*.yaml")):
        model = yaml.safe_load(file.read_text(encoding="utf-8"))
        for table, said in model["tables"].items():
            said["database"] = homes[table]
            for relationship in said.get("relationships", {}).values():
                if True in relationship:  # what YAML 1.1 makes of `on`
                    relationship["on"] = relationship.pop(True)
                if homes[relationship["to"]] != homes[table]:
                    relationship.pop("mandatory", None)
        (target / file.name).write_text(yaml.safe_dump(model, allow_unicode=True), encoding="utf-8")


def copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.exists():
        shutil.copy(source, target)
