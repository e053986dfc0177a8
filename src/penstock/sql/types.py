"""SQL ready to run: text with placeholders, and the typed values that fill them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum, auto
from typing import NamedTuple, TypeAlias

from penstock.model.types import DataType
from penstock.plan.fragments import Fragment
from penstock.plan.types import Narrowing, Parameter

Bound: TypeAlias = bool | int | float | str | bytes | Decimal | date | datetime | time | None


class Written(NamedTuple):
    """A statement as text. `order` has the number of each placeholder, as they come in the text.

    None where placeholders are numbered in the text itself.
    """

    text: str
    order: tuple[int, ...] | None


class Pattern(Enum):
    """Where in a LIKE pattern literal text stands."""

    ANYWHERE = auto()
    START = auto()
    END = auto()


class Edge(Enum):
    """Which end of a period of time."""

    FIRST = auto()
    AFTER = auto()


Reading: TypeAlias = Pattern | Edge | None
"""How a value is read: as it is, as literal text of a LIKE pattern, or as an end of a period."""


@dataclass(frozen=True, slots=True)
class Marker:
    """What fills one placeholder."""

    parameter: Parameter
    reading: Reading = None


class Writing(Enum):
    """How the values of a list are written as one text: as JSON, or as PostgreSQL's arrays are."""

    JSON = auto()
    ARRAY = auto()


@dataclass(frozen=True, slots=True)
class Listed:
    """What fills one placeholder with a list."""

    markers: tuple[Marker, ...]
    writing: Writing


@dataclass(frozen=True, slots=True)
class Sought:
    """What fills one placeholder with keys that another database has to find first."""

    narrowing: Narrowing
    writing: Writing


@dataclass(frozen=True, slots=True)
class Template:
    """SQL text for every question of one shape. `markers[i]` is the placeholder numbered i + 1.

    `types` are those of the result's columns, by the model. `parts` are to be read first: the text
    is then of the database that joins them, and names them as its tables; `whole` may be asked
    instead.
    """

    text: str
    markers: tuple[Marker | Listed | Sought, ...]
    types: tuple[DataType, ...] = ()
    parts: tuple[PartTemplate, ...] = ()
    whole: WholeTemplate | None = None


class TotalSet(NamedTuple):
    """What the rows of a total have in their last column, and where its own columns are."""

    number: int
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Together:
    """Totals, one after the other, and then the page: `totals` tell whose rows are whose.

    With more than `room` rows of totals, they or the page may not be whole.
    """

    template: Template
    totals: tuple[TotalSet, ...]
    room: int


@dataclass(frozen=True, slots=True)
class PartTemplate:
    """What one database is asked for, of a question to several."""

    fragment: Fragment
    template: Template


@dataclass(frozen=True, slots=True)
class WholeTemplate:
    """What `database` answers all by itself in place of its `part`, once keys are found."""

    database: str
    part: str
    template: Template


@dataclass(frozen=True, slots=True)
class Statement:
    """`parameters[i]` fills the placeholder numbered i + 1 in `text`.

    `types` are those of the result's columns, for engines that are not sure of them; empty where
    whoever asks takes what comes. `parts` and `whole` are as in Template.
    """

    text: str
    parameters: tuple[Bound, ...]
    types: tuple[DataType, ...] = ()
    parts: tuple[Part, ...] = ()
    whole: WholeStatement | None = None


@dataclass(frozen=True, slots=True)
class WholeStatement:
    """As WholeTemplate: `sought[i]`, if there is one, fills placeholder i + 1 of the statement."""

    database: str
    part: str
    statement: Statement
    sought: tuple[Sought | None, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A statement that one database answers, of a question to several."""

    fragment: Fragment
    statement: Statement
