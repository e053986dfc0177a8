"""What a caller sees of a world, and what a name means there: the slow way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from laws.meanings import GroupMeaning, RowMeaning
from laws.truth import Filter, Subject, holds
from laws.values import Cell, Record
from laws.worlds import World
from penstock.model.types import Attribute, Formula, Relationship, Table, Take
from penstock.policy.types import Role

MOST_STEPS = 4


class Refused(Exception):  # noqa: N818 - it is what the specification calls it
    """The query must be refused, with this code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Place:
    """An attribute at the end of a path of relationships."""

    path: tuple[str, ...]
    table: str
    attribute: str


@dataclass(frozen=True)
class Seen:
    """The attributes, relationships and rows of each table that one may see."""

    world: World
    attributes: Mapping[str, frozenset[str]]
    ways: Mapping[str, Mapping[str, Relationship]]
    rows: Mapping[str, Sequence[Record]]

    def attribute(self, place: Place) -> Attribute:
        return self.world.model.tables[place.table].attributes[place.attribute]

    def find(self, base: str, name: str) -> list[Place]:
        """Return everything that a name may mean from a table: none, one, or several places."""
        prefix, dot, attribute = name.rpartition(".")
        if not dot:
            if name in self.attributes[base]:
                return [Place((), base, name)]
            owners = [t for t, names in self.attributes.items() if name in names]
            return [place for owner in owners for place in self._nearest(base, owner, name)]
        if prefix == base:
            return [Place((), base, attribute)] if attribute in self.attributes[base] else []
        table: str | None = base
        for step in prefix.split("."):
            way = None if table is None else self.ways[table].get(step)
            table = None if way is None else way.table
        if table is not None:
            found = attribute in self.attributes[table]
            return [Place(tuple(prefix.split(".")), table, attribute)] if found else []
        return self._nearest(base, prefix, attribute)

    def _nearest(self, base: str, owner: str, attribute: str) -> list[Place]:
        """Return the attribute by each of the shortest paths."""
        if attribute not in self.attributes.get(owner, ()):
            return []
        edge: list[tuple[tuple[str, ...], str]] = [((), base)]
        for _ in range(MOST_STEPS + 1):
            met = [path for path, table in edge if table == owner]
            if met:
                return [Place(path, owner, attribute) for path in met]
            edge = [
                ((*path, name), way.table)
                for path, table in edge
                for name, way in self.ways[table].items()
            ]
        return []

    def ways_along(self, base: str, path: Sequence[str]) -> list[Relationship]:
        """Return the relationships of a path, one after the other."""
        found: list[Relationship] = []
        for step in path:
            found.append(self.ways[found[-1].table if found else base][step])
        return found

    def row_at(self, base: str, row: Record, path: Sequence[str]) -> Record | None:
        """Follow relationships from a row; None where one leads to no row that one may see."""
        table, found = base, row
        for step in path:
            way = self.ways[table][step]
            partners = [
                other
                for other in self.rows[way.table]
                if all(
                    found[key.own] is not None and found[key.own] == other[key.other]
                    for key in way.keys
                )
            ]
            if not partners:
                return None
            table, (found,) = way.table, partners
        return found

    def cell(self, table: str, row: Record | None, name: str) -> Cell:
        return cell_of(self.world, table, row, name)


def cell_of(world: World, table: str, row: Record | None, name: str) -> Cell:
    """Return an attribute of a row. What is not there has no attributes, not even formulas."""
    if row is None:
        return None
    source = world.model.tables[table].attributes[name].source
    if not isinstance(source, Formula):
        return row[name]
    meaning = world.meanings[table, name]
    assert isinstance(meaning, RowMeaning)
    return meaning.of([cell_of(world, table, row, used) for used in inputs(world, table, name)])


def aggregate_of(world: World, place: Place, rows: Sequence[Record | None]) -> Cell:
    """Return what an aggregating formula gives over a group."""
    meaning = world.meanings[place.table, place.attribute]
    assert isinstance(meaning, GroupMeaning)
    names = inputs(world, place.table, place.attribute)
    cells = [cells_of(world, place.table, rows, name) for name in names]
    return meaning.of([tuple(column[i] for column in cells) for i, _ in enumerate(rows)])


def cells_of(world: World, table: str, rows: Sequence[Record | None], name: str) -> list[Cell]:
    """Return an attribute of each row of a group; what is semi-additive only where it counts.

    That is, where its time is the last that there is beside a value, among the rows of the group
    that are equal in what it is taken per.
    """
    cells = [cell_of(world, table, row, name) for row in rows]
    semi = world.model.tables[table].attributes[name].semi_additive
    if semi is None:
        return cells
    times = [cell_of(world, table, row, semi.over) for row in rows]
    kinds = [tuple(cell_of(world, table, row, n) for n in semi.per) for row in rows]
    choose = max if semi.take is Take.LAST else min

    def counts(i: int) -> bool:
        there = [
            cast("float", time)
            for cell, time, kind in zip(cells, times, kinds, strict=True)
            if kind == kinds[i] and cell is not None and time is not None
        ]
        return bool(there) and times[i] == choose(there)

    return [cell if counts(i) else None for i, cell in enumerate(cells)]


def inputs(world: World, table: str, name: str) -> tuple[str, ...]:
    """Return what fills `{0}`, `{1}` in a formula's meaning: one attribute may fill both."""
    return world.inputs[table, name]


def see(world: World) -> Seen:
    """Apply the policies: what any of the roles hides is gone, and rows need one role's leave."""
    policies, tables = world.policies.roles, world.model.tables
    roles = [policies[name] for name in world.who.roles] if policies else []
    hidden = {(t, n) for role in roles for t, names in role.hidden.items() for n in names}
    attributes = {name: _visible(table, hidden) for name, table in tables.items()}
    attributes = {name: names for name, names in attributes.items() if names}
    ways = {
        name: {
            n: way
            for n, way in tables[name].relationships.items()
            if way.table in attributes
            and all(
                ((name, key.own) in hidden) == ((way.table, key.other) in hidden)
                for key in way.keys
            )
        }
        for name in attributes
    }
    rows = {
        name: [row for row in world.rows[name] if _is_allowed(world, name, row, roles)]
        for name in tables
    }
    return Seen(world, attributes, ways, rows)


def _visible(table: Table, hidden: set[tuple[str, str]]) -> frozenset[str]:
    """Return the attributes that need nothing hidden: a formula its inputs, a balance its time."""

    def needs(name: str) -> set[str]:
        source, semi = table.attributes[name].source, table.attributes[name].semi_additive
        uses = source.uses if isinstance(source, Formula) else ()
        return {name, *uses, *((semi.over, *semi.per) if semi else ())}

    def all_needs(name: str) -> set[str]:
        found = needs(name)
        while more := set[str]().union(*map(needs, found)) - found:
            found |= more
        return found

    gone = {name for owner, name in hidden if owner == table.name}
    return frozenset(name for name in table.attributes if not all_needs(name) & gone)


def _is_allowed(world: World, table: str, row: Record, roles: Sequence[Role]) -> bool:
    def find(name: str) -> Subject:
        type_ = world.model.tables[table].attributes[name].type
        return Subject(cell_of(world, table, row, name), type_)

    filters: list[list[Filter]] = [
        [f.filter for f in role.rows if table in f.tables] for role in roles
    ]
    return not roles or any(all(holds(f, find) for f in mine) for mine in filters)
