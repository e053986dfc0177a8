"""A project about to be written: the database it is of, and what was found there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from penstock.engine.types import EngineSettings
from penstock.model.types import Model
from penstock.query.types import Json
from penstock.secret import Secret

Option = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Data:
    """A file, or a glob of several: where it is now, and its path in the project."""

    found: Path
    written: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A database as its connector file says it.

    `database` is a file of its own. `secrets` are options that do not stand in the file: for each
    the environment's variable, and its value for now.
    """

    engine: str
    name: str
    files: Mapping[str, Data] = field(default_factory=dict)
    database: Data | None = None
    options: Mapping[str, Option] = field(default_factory=dict)
    secrets: Mapping[str, tuple[str, Secret]] = field(default_factory=dict)

    def settings(self, root: Path) -> EngineSettings:
        """Return what to open the database with now."""
        own = {} if self.database is None else {"database": str(self.database.found)}
        secrets = {option: secret for option, (_, secret) in self.secrets.items()}
        return EngineSettings(
            database=self.name,
            root=root,
            files={table: data.found for table, data in self.files.items()},
            options={**self.options, **own, **secrets},
            memory=1 << 30,
            threads=2,
        )

    def variables(self) -> dict[str, str]:
        """Return the environment that the connector file needs."""
        return {variable: secret.reveal() for variable, secret in self.secrets.values()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Everything that `penstock init` writes.

    `notes` hold, by table and relationship, how a relationship was guessed; declared ones have
    none, but may have `remarks`. `left_out` says of a table, or of all (""), what is not in the
    model.
    """

    name: str
    address: Address
    model: Model
    notes: Mapping[tuple[str, str], str]
    remarks: Mapping[tuple[str, str], str]
    left_out: Mapping[str, tuple[str, ...]]
    first: Mapping[str, Json]
