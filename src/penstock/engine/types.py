"""What the pipeline asks of a database. One file per engine; third parties come by entry point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from penstock.model.types import DataType
from penstock.secret import Secret

if TYPE_CHECKING:  # a manager names engines and never asks one: it need not have this in memory
    import pyarrow as pa

    from penstock.sql.types import Statement

Option = str | int | float | bool | Secret | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """What an engine is opened with, from `connectors/<database>.yaml`.

    `files` maps a table to the file (or glob) that holds it, absolute. `memory` is in bytes.
    """

    database: str
    root: Path
    files: Mapping[str, Path]
    options: Mapping[str, Option]
    memory: int
    threads: int


@dataclass(frozen=True, slots=True)
class Held:
    """What stands in a column that its database declares no type of.

    `types` are those that read each of its values; `said` is what these are, in words: "" where
    there is none.
    """

    said: str
    types: frozenset[DataType]


@dataclass(frozen=True, slots=True)
class FoundColumn:
    """`type` is None where the language has none for the engine's own, `native`.

    `nullable` is False where the database is known to let no row have a null there. Where `held`
    is there, the values told the type, and the model may say another one that reads them.
    """

    name: str
    type: DataType | None
    native: str
    nullable: bool = True
    held: Held | None = None


@dataclass(frozen=True, slots=True)
class FoundForeignKey:
    """`columns` hold values of `other_columns` of the relation `source`.

    `enforced` says that the database lets no row have others, and that none had before.
    """

    columns: tuple[str, ...]
    source: tuple[str, ...]
    other_columns: tuple[str, ...]
    enforced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRelation:
    """A table or view as the database describes it. `rows` is None where it has no quick count."""

    source: tuple[str, ...]
    columns: tuple[FoundColumn, ...]
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[FoundForeignKey, ...] = ()
    rows: int | None = None


class Running(Protocol):
    """One statement under way. Closing it, in any state, frees what it held."""

    @property
    def schema(self) -> pa.Schema: ...

    def __next__(self) -> pa.RecordBatch:
        """Return the next batch, bounded in rows; StopIteration after the last."""
        ...

    def __iter__(self) -> Running: ...

    def cancel(self) -> None:
        """Stop the statement, from any thread; the reader gets QueryCancelledError."""
        ...

    def close(self) -> None: ...


class Across(Protocol):
    """Answers the statements that have parts. Thread-safe."""

    def run(self, statement: Statement, *, timeout: float) -> Running:
        """Return a statement about to run, as `Engine.run` does."""
        ...


class Engine(Protocol):
    """A database that answers statements. Thread-safe: each statement has its own cursor."""

    dialect: str

    def run(self, statement: Statement, *, timeout: float) -> Running:
        """Return a statement about to run; `timeout` in seconds covers it until its last batch.

        Returns at once, so that `cancel` reaches it from the start: the database begins with the
        first look at the schema or the rows. That, and every batch, raises QueryTimeoutError,
        QueryCancelledError, UnavailableError, ResultOverflowError, EngineError.
        """
        ...

    def columns(self, source: Sequence[str]) -> tuple[FoundColumn, ...] | None:
        """Return a relation's columns in order, None where there is no such relation."""
        ...

    def relations(self) -> tuple[FoundRelation, ...]:
        """Return everything that a model may be written of; the database's own tables are not."""
        ...

    def count(self, source: Sequence[str]) -> int:
        """Return a relation's number of rows."""
        ...

    def version(self, *, now: bool = False) -> str | None:
        """Return a token that changes when the data may have; None where that cannot be known.

        It may be a moment old, unless it is to be of `now`.
        """
        ...

    def ping(self) -> None:
        """Raise UnavailableError unless the database answers."""
        ...

    def close(self) -> None: ...
