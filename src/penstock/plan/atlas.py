"""Where every name of a model can be reached from, and which names mean two things."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from penstock.model.types import Attribute, Model, Table

Path = tuple[str, ...]

_MOST_STEPS = 16
"""A path may go round in circles: `boss.boss.boss`. This is far enough."""

_MOST_WAYS = 8
"""So many ways are enough to say that there are several; there may be 2 ** tables of them."""


@dataclass(frozen=True, slots=True)
class Reached:
    """An attribute, and the relationships that lead to it from the table one starts at."""

    path: Path
    table: Table
    attribute: Attribute


@dataclass(frozen=True, slots=True)
class Several:
    """One name, several meanings: these are how to say which."""

    names: tuple[str, ...]


Resolved = Reached | Several | None


@dataclass(frozen=True, slots=True)
class Atlas:
    """`paths[a][b]` are the shortest ways from a to b, each step to at most one row."""

    model: Model
    owners: Mapping[str, tuple[str, ...]]
    paths: Mapping[str, Mapping[str, tuple[Path, ...]]]

    def names(self) -> tuple[str, ...]:
        """Every name that a query may use here, for suggestions."""
        return (*self.owners, *(f"{t}.{n}" for n, owners in self.owners.items() for t in owners))

    def is_known(self, reference: str) -> bool:
        """Whether some table gives this name a meaning."""
        if "." not in reference:
            return reference in self.owners
        return any(self.resolve(reference, base) is not None for base in self.model.tables)

    def conflict(self, reference: str, bases: Iterable[str]) -> Several | None:
        """Return the different things a bare name means within reach of one of these tables."""
        owners = self.owners.get(reference, ())
        if len(owners) > 1:
            for base in bases:
                met = [owner for owner in owners if owner in self.paths[base]]
                if len({self._origin(base, owner, reference) for owner in met}) > 1:
                    return Several(tuple(f"{owner}.{reference}" for owner in met))
        return None

    def resolve(self, reference: str, base: str) -> Resolved:
        """Return what a name means to somebody who starts at table `base`."""
        prefix, dot, name = reference.rpartition(".")
        if dot:
            return self._qualified(prefix, name, base)
        table = self.model.tables[base]
        if reference in table.attributes:
            return Reached((), table, table.attributes[reference])
        reach = self.paths[base]
        nearest = sorted(
            (len(reach[owner][0]), owner)
            for owner in self.owners.get(reference, ())
            if owner in reach
        )
        return self._by_table(nearest[0][1], reference, base) if nearest else None

    def _qualified(self, prefix: str, name: str, base: str) -> Resolved:
        """Return what a name means after the steps to it: the first may be any table in reach."""
        if prefix == base:
            return self._found((), base, name)
        if prefix.count(".") >= _MOST_STEPS:
            return None
        first, *others = prefix.split(".")
        if first in self.model.tables[base].relationships:
            return self._along((), base, (first, *others), name)
        ways = self.paths[base].get(first, ())
        if len(ways) == 1:
            return self._along(ways[0], first, tuple(others), name)
        if not ways or self._along(ways[0], first, tuple(others), name) is None:
            return None
        return Several(tuple(".".join((*way, *others, name)) for way in ways))

    def _along(self, path: Path, start: str, steps: Path, name: str) -> Reached | None:
        """Go on from a table that a path leads to."""
        table = self.model.tables[start]
        for step in steps:
            if step not in table.relationships:
                return None
            table = self.model.tables[table.relationships[step].table]
        return self._found((*path, *steps), table.name, name)

    def _found(self, path: Path, owner: str, name: str) -> Reached | None:
        table = self.model.tables[owner]
        found = table.attributes.get(name)
        return None if found is None else Reached(path, table, found)

    def _by_table(self, owner: str, name: str, base: str) -> Resolved:
        ways = self.paths[base][owner]
        if len(ways) > 1:
            return Several(tuple(".".join((*way, name)) for way in ways))
        return self._found(ways[0], owner, name)

    def _origin(self, base: str, owner: str, name: str) -> Path:
        """Go back on the way to an owner for as long as each step equates the name with itself.

        What one comes to has the same value; the country of an order and that of its customer
        are two things, even if both are keys of one table of countries.
        """
        ways = self.paths[base][owner]
        for way in ways:
            left = len(way)
            while left and self._equates(self._at(base, way[: left - 1]), way[left - 1], name):
                left -= 1
            if left < len(way):
                return way[:left]
        return ways[0]

    def _equates(self, table: Table, step: str, name: str) -> bool:
        return any(key.own == name == key.other for key in table.relationships[step].keys)

    def _at(self, base: str, path: Path) -> Table:
        table = self.model.tables[base]
        for step in path:
            table = self.model.tables[table.relationships[step].table]
        return table


@lru_cache(maxsize=256)
def atlas(model: Model) -> Atlas:
    """Draw a model's atlas, once for each model."""
    owners: dict[str, list[str]] = {}
    for table in model.tables.values():
        for name in table.attributes:
            owners.setdefault(name, []).append(table.name)
    return Atlas(
        model,
        {name: tuple(tables) for name, tables in owners.items()},
        {name: _paths(model, name) for name in model.tables},
    )


def _paths(model: Model, start: str) -> dict[str, tuple[Path, ...]]:
    """Return the shortest ways to every table in reach, breadth first, whatever the database."""
    found: dict[str, tuple[Path, ...]] = {start: ((),)}
    edge: dict[str, tuple[Path, ...]] = dict(found)
    for _ in range(_MOST_STEPS):
        following: dict[str, tuple[Path, ...]] = {}
        for name, ways in edge.items():
            for relationship in model.tables[name].relationships.values():
                target = relationship.table
                if target not in found:
                    further = tuple((*way, relationship.name) for way in ways)
                    following[target] = (*following.get(target, ()), *further)[:_MOST_WAYS]
        found.update(following)
        edge = following
    return found
