"""Columns whose declared type says nothing → what they are, by what stands in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from penstock.engine.names import quote
from penstock.engine.types import FoundColumn, Held
from penstock.model.types import DataType

Ask: TypeAlias = Callable[[str], Sequence[Iterable[int | None]]]
"""Runs a statement, and returns the different values of each of its columns."""

_AT_ONCE: Final = 5
"""So many columns in one look: the database goes through few different rows of kinds then."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a value may be: in words, as SQL that is true of it, and what the language can read.

    The first of `types` is what a column of such values is drafted as.
    """

    said: str
    condition: str
    types: tuple[DataType, ...]


_NUMBER: Final = (DataType.FLOAT, DataType.DECIMAL)
_TEXT: Final = (DataType.STRING, DataType.JSON)  # a number is text in an answer, but never found so
_MOMENT: Final = (DataType.TIMESTAMP, DataType.TIMESTAMP_TZ)
_INTEGERS, _FLOATS, _TEXTS = "integers", "floats", "text"
# What is no day of the calendar comes back as another one.
_DAY: Final = "{x} GLOB '????-??-??*' AND date(substr({x}, 1, 10), '+0 days') = substr({x}, 1, 10)"
_CLOCK: Final = (
    f"{_DAY} AND length({{x}}) >= 16 AND substr({{x}}, 11, 1) IN (' ', 'T')"
    " AND datetime({x}) IS NOT NULL"
)
_ZONE: Final = "({x} GLOB '*Z' OR substr({x}, -6, 1) IN ('+', '-'))"
_KINDS: Final = (
    _Kind(
        _INTEGERS,
        "typeof({x}) = 'integer' AND {x} IN (0, 1)",
        (DataType.INTEGER, DataType.BOOLEAN, *_NUMBER),
    ),
    _Kind(_INTEGERS, "typeof({x}) = 'integer'", (DataType.INTEGER, *_NUMBER)),
    # Beyond 2^53 a float is not one integer but several.
    _Kind(
        _FLOATS,
        "typeof({x}) = 'real' AND abs({x}) < 9007199254740992 AND {x} = CAST({x} AS INTEGER)",
        (*_NUMBER, DataType.INTEGER),
    ),
    _Kind(_FLOATS, "typeof({x}) = 'real'", _NUMBER),
    _Kind("bytes", "typeof({x}) = 'blob'", (DataType.BYTES,)),
    _Kind(_TEXTS, f"{_DAY} AND length({{x}}) = 10", (DataType.DATE, *_MOMENT, *_TEXT)),
    _Kind(_TEXTS, f"{_CLOCK} AND {_ZONE}", (*reversed(_MOMENT), *_TEXT)),
    _Kind(_TEXTS, _CLOCK, (*_MOMENT, *_TEXT)),
    _Kind(
        _TEXTS,
        "{x} GLOB '??:??:??*' AND time({x}) = substr({x}, 1, 8)"
        " AND (length({x}) = 8 OR substr({x}, 9, 1) = '.')",
        (DataType.TIME, *_TEXT),
    ),
    _Kind(_TEXTS, "{x} IS NOT NULL", _TEXT),
)
"""The first whose condition is true is the kind of a value; a null has none."""


def settle_types(columns: Iterable[FoundColumn], table: str, ask: Ask) -> tuple[FoundColumn, ...]:
    """Return the columns, those without a type with what every value of theirs can be read as."""
    columns = tuple(columns)
    loose = [column.name for column in columns if column.type is None]
    kinds: dict[str, list[_Kind]] = {}
    for start in range(0, len(loose), _AT_ONCE):
        names = loose[start : start + _AT_ONCE]
        for name, numbers in zip(names, ask(_question(names, table)), strict=True):
            kinds[name] = [
                _KINDS[number] for number in sorted({n for n in numbers if n is not None})
            ]
    return tuple(_settled(c, kinds[c.name]) if c.name in kinds else c for c in columns)


def let_be(columns: Iterable[FoundColumn]) -> tuple[FoundColumn, ...]:
    """Return the columns where nobody could look: the model alone says what is in them."""
    anything = Held("values that could not be looked at", frozenset(DataType))
    return tuple(replace(c, held=anything) if c.type is None else c for c in columns)


def _question(names: Sequence[str], table: str) -> str:
    asked = ", ".join(f"{_kind_of(quote(name))} AS k{i}" for i, name in enumerate(names))
    return f"SELECT DISTINCT {asked} FROM {quote(table)}"  # noqa: S608 - quoted


def _kind_of(column: str) -> str:
    cases = (f"WHEN {kind.condition} THEN {i}" for i, kind in enumerate(_KINDS))
    return f"CASE {' '.join(cases)} END".replace("{x}", column)


def _settled(column: FoundColumn, kinds: Sequence[_Kind]) -> FoundColumn:
    said = " and ".join(dict.fromkeys(kind.said for kind in kinds))
    types = frozenset(DataType).intersection(*(kind.types for kind in kinds))
    return replace(column, type=_draft(kinds, types), held=Held(said, types))


def _draft(kinds: Sequence[_Kind], types: frozenset[DataType]) -> DataType | None:
    """Return the type that says most of the values, None of those that have none in common."""
    drafted = {kind.types[0] for kind in kinds}
    if len(drafted) == 1:
        return drafted.pop()
    shared = (DataType.FLOAT, DataType.STRING) if kinds else ()
    return next((type_ for type_ in shared if type_ in types), None)
