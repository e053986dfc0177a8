"""What an engine says of itself to be tested: how to start its database, what it cannot do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from penstock.engine.types import EngineSettings, Option
from penstock.model.types import DataType


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A table to create. Decimals are of 18 digits, 4 of them after the point; all may be null.

    `foreign_keys` has, for columns of its own, the table and the columns that they point to.
    """

    name: str
    columns: Mapping[str, DataType]
    rows: tuple[tuple[object, ...], ...]
    primary_key: tuple[str, ...] = ()
    foreign_keys: Mapping[tuple[str, ...], tuple[str, tuple[str, ...]]] = field(
        default_factory=dict
    )


class Server(Protocol):
    """A running database, and what tests do to it behind the engine's back."""

    def settings(self, **options: Option) -> EngineSettings:
        """Return how to open the engine on it; `options` are added to its own, or replace them."""
        ...

    def load(self, sample: Sample) -> None:
        """Create a table and fill it. No engine is open on the database while this happens."""
        ...

    def execute(self, *statements: str) -> None:
        """Run statements as the owner of the data, maybe while an engine is open."""
        ...

    def busy(self) -> bool:
        """Whether the database is at work on a statement of an engine's at this moment."""
        ...

    def stop(self) -> None:
        """Make the database unreachable, as when its machine is gone."""
        ...

    def start(self) -> None:
        """Bring it back after `stop`, with its data, at the same place."""
        ...


@dataclass(frozen=True, slots=True)
class Native:
    """A type of the database's own: a literal of it, what we call it, and what Arrow then holds.

    `found` is None where the language has no such type.
    """

    type: str
    literal: str
    found: DataType | None
    arrow: str
    value: object


@dataclass(frozen=True, slots=True)
class Gap:
    """Something the engine does not do. `case` is a test's name, or with `[its parameter]`.

    `error` is exactly what happens instead: `CODE: sentence` of an error of ours, or `other` where
    there is an answer that differs, which `reason` then describes.
    """

    case: str
    reason: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One engine under contract.

    `missing` says why it cannot be started here, None if it can. `endless` is a statement of its
    SQL that computes without giving a row; `counting` gives the numbers from 1 to `{n}` as `i`;
    `uncomputable` reads text as what it is not.
    `prepare` are statements of the owner's, such as types of their own, before `natives` are made;
    `created` ends each CREATE TABLE. `is_loose`: it has to be told the types of an answer.
    `real` is False where what is tested is not the server that people run.
    """

    name: str
    title: str
    start: Callable[[], AbstractContextManager[Server]]
    missing: Callable[[], str | None]
    endless: str
    counting: str
    uncomputable: str
    natives: tuple[Native, ...]
    prepare: tuple[str, ...] = ()
    created: str = ""
    is_loose: bool = False
    gaps: tuple[Gap, ...] = ()
    real: bool = True
