"""What the suite asks of an engine under test: a place for the data, and the way there."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

import pyarrow as pa

Connector: TypeAlias = Mapping[str, object]
"""What `connectors/NAME.yaml` says."""


@dataclass(frozen=True, slots=True)
class Load:
    """A dataset on its way into an engine.

    `keys` are the columns by which a table is looked up, an index for each; `project` is the folder
    over it, where files may be left.
    """

    dataset: str
    tables: Mapping[str, pa.Table]
    keys: Mapping[str, frozenset[tuple[str, ...]]]
    project: Path


class Place(Protocol):
    """A running database that has room for one more dataset."""

    def load(self, load: Load) -> Connector:
        """Load all tables and return the connector.

        Columns must become of the engine's own types for what Arrow says: a date is a date.
        """
        ...


class UnderTest(Protocol):
    """One engine. `start` is called once for each run of the suite, and only if it is needed."""

    @property
    def name(self) -> str: ...

    def missing(self) -> str | None:
        """Return why it cannot be tested on this machine, None if it can."""
        ...

    def start(self) -> AbstractContextManager[Place]: ...
