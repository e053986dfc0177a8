"""SQL ready to run: text with placeholders, and the typed values that fill them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum, auto
from typing import TypeAlias

from penstock.plan.types import Parameter

Bound: TypeAlias = bool | int | float | str | bytes | Decimal | date | datetime | time | None


class Pattern(Enum):
    """Where in a LIKE pattern literal text stands."""

    ANYWHERE = auto()
    START = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Marker:
    """What fills one placeholder: a value as it is, or as literal text of a LIKE pattern."""

    parameter: Parameter
    pattern: Pattern | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """SQL text for every question of one shape. `markers[i]` is the placeholder numbered i + 1."""

    text: str
    markers: tuple[Marker, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """`parameters[i]` fills the placeholder numbered i + 1 in `text`."""

    text: str
    parameters: tuple[Bound, ...]
