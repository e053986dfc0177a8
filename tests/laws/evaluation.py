"""A query about a world: what its names are of a row, what its computes are of a group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias, cast

from laws.arithmetic import compute, cut
from laws.atlas import Place, Seen, aggregate_of, cells_of
from laws.choosing import Query, named_in
from laws.truth import Filter, Subject, holds
from laws.values import Cell, Record
from penstock.model.types import DataType

Row: TypeAlias = tuple[Cell, ...]

_COUNTS = frozenset({"count", "count_distinct", "count_approx_distinct"})
_FLOATS = frozenset({"avg", "median", "stddev", "variance"})


@dataclass(frozen=True)
class Back:
    """The time that goes back, and how a value of it was called then."""

    time: str
    of: Callable[[Cell], Cell]


@dataclass(frozen=True)
class Evaluation:
    """A query, the table that answers it, and what each of its names means there."""

    query: Query
    seen: Seen
    base: str
    places: Mapping[str, Place]

    def cell(self, row: Record, name: str) -> Cell:
        place = self.places[name]
        found = self.seen.row_at(self.base, row, place.path)
        return self.seen.cell(place.table, found, place.attribute)

    def scale(self, row: Record, written: str) -> Cell:
        name, colon, granularity = written.rpartition(":")
        return cut(granularity, self.cell(row, name)) if colon else self.cell(row, written)

    def type_of(self, name: str) -> DataType:
        return self.seen.attribute(self.places[name]).type

    def aggregates(self, name: str) -> bool:
        return self.seen.attribute(self.places[name]).aggregates

    def measure(self, members: Sequence[Record], name: str, word: str) -> Cell:
        """Return a compute of the rows of a group."""
        place = self.places[name]
        rows = [self.seen.row_at(self.base, row, place.path) for row in members]
        if not self.aggregates(name):
            return compute(word, cells_of(self.seen.world, place.table, rows, place.attribute))
        return aggregate_of(self.seen.world, place, rows)

    def label(self, written: str, key: Cell) -> Cell:
        """Return the name of a key: of the row that it leads to."""
        place = self.places[written]
        label = self.seen.attribute(place).label
        assert label is not None
        way = self.seen.ways[place.table][label[0]]
        row = self.seen.row_at(place.table, {place.attribute: key}, (way.name,))
        return self.seen.cell(way.table, row, label[1])

    def has_label(self, written: str) -> bool:
        place = self.places[written]
        label = self.seen.attribute(place).label
        if label is None or label[0] not in self.seen.ways[place.table]:
            return False
        return label[1] in self.seen.attributes[self.seen.ways[place.table][label[0]].table]

    def passing(self, back: Back | None = None) -> list[Record]:
        """Return the rows that the filter lets through, before any grouping."""

        def find(row: Record, name: str) -> Subject:
            subject = Subject(self.cell(row, name), self.type_of(name))
            if back is None or self.places[name] != self.places[back.time]:
                return subject
            return replace(subject, back=back.of)

        rows = self.seen.rows[self.base]
        parts = [part for part in self.parts() if not self.is_of_groups(part)]
        return [row for row in rows if all(holds(part, partial(find, row)) for part in parts)]

    def parts(self) -> list[Filter]:
        """Return what must hold of a filter, one by one."""
        return list(_parts(cast("Filter", self.query.get("filter", {}))))

    def is_of_groups(self, part: Filter) -> bool:
        return any(self.aggregates(name) for name in named_in(part))

    def result_type(self, name: str, word: str) -> DataType:
        if word in _COUNTS:
            return DataType.INTEGER
        return DataType.FLOAT if word in _FLOATS or word[1:].isdigit() else self.type_of(name)


def _parts(filter_: Filter) -> list[Filter]:
    found: list[Filter] = []
    for name, condition in filter_.items():
        if name == "and":
            parts = cast("Sequence[Filter]", condition)
            found += [inner for part in parts for inner in _parts(part)]
        elif name not in {"or", "not"} and isinstance(condition, Mapping):
            found += [{name: {word: value}} for word, value in condition.items()]
        else:
            found.append({name: condition})
    return found


def groups(
    asked: Evaluation, scales: Sequence[str], back: Back | None = None
) -> dict[Row, list[Record]]:
    """Return the rows that pass by the values of some scales; without scales, one group of all."""
    found: dict[Row, list[Record]] = {} if scales else {(): []}
    for row in asked.passing(back):
        found.setdefault(tuple(asked.scale(row, scale) for scale in scales), []).append(row)
    return found
