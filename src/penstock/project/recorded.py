"""Counts of a project's tables ↔ what is kept of them, so that nobody need count again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from penstock.engine.types import Engine
from penstock.model.types import Count, Table
from penstock.project.types import Project
from penstock.secret import Secret


@dataclass(frozen=True, slots=True)
class Recorded:
    """`place` tells which data was counted, `version` in which state, None where nobody knows."""

    place: str
    version: str | None
    count: Count


def read_versions(engines: Mapping[str, Engine]) -> dict[str, str | None]:
    """Return the state of each database: to be read before its tables are counted."""
    return {name: engine.version(now=True) for name, engine in engines.items()}


def record_counts(
    project: Project, versions: Mapping[str, str | None], counts: Mapping[str, Count]
) -> dict[str, Recorded]:
    """Return what to keep of counts that were taken after `versions` were read."""
    tables = project.model.tables
    return {
        name: Recorded(_place(project, tables[name]), versions[tables[name].database], count)
        for name, count in counts.items()
    }


def recall_counts(
    project: Project, versions: Mapping[str, str | None], recorded: Mapping[str, Recorded]
) -> dict[str, Count]:
    """Return the counts that still hold: of the same data, which has not changed as far as we know.

    Those of a database that cannot say whether it changed hold until they are refreshed.
    """
    return {
        name: kept.count
        for name, table in project.model.tables.items()
        if (kept := recorded.get(name)) is not None
        and table.database in versions
        and kept.version == versions[table.database]
        and kept.place == _place(project, table)
    }


def _place(project: Project, table: Table) -> str:
    """Return a digest of where a table lies. No secret is part of it."""
    connector = project.connectors[table.database]
    settings = connector.settings
    options = {n: v for n, v in settings.options.items() if not isinstance(v, Secret)}
    files = {name: str(path) for name, path in settings.files.items()}
    parts = (connector.engine, files, options, table.source, table.watermark)
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()
