"""The scans of a plan, by the database they are in and how they hang together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from penstock.plan.fragments import Room
from penstock.plan.types import ColumnOf, Condition, Expression, Join, Plan
from penstock.plan.uses import scans_of, scans_tested


@dataclass(frozen=True, slots=True)
class Door:
    """A join from one room to another; `keys` are columns of what both rooms give."""

    parent: str
    child: str
    keys: tuple[tuple[ColumnOf, ColumnOf], ...]


@dataclass(slots=True)
class Rooms:
    """`base` is the room where the plan starts; `homes` says in which room a scan is."""

    base: str
    rooms: dict[str, Room] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)
    doors: list[Door] = field(default_factory=list)

    @property
    def first(self) -> Room:
        return self.rooms[self.base]

    def of(self, expression: Expression) -> frozenset[str]:
        """Return the rooms that an expression is about."""
        return frozenset(self.homes[alias] for alias in scans_of(expression))

    def tested(self, condition: Condition) -> frozenset[str]:
        return frozenset(self.homes[alias] for alias in scans_tested(condition))

    def door_to(self, room: str) -> Door:
        return next(door for door in self.doors if door.child == room)


def find_rooms(plan: Plan) -> Rooms:
    """Sort the scans of a plan into rooms. A joined room's keys are among what it gives."""
    base = plan.scan.alias
    found = Rooms(base, {base: Room(plan.scan)}, {base: base})
    for join in plan.joins:
        home = found.homes[join.keys[0][0].scan]
        alias = join.scan.alias
        if found.rooms[home].root.database == join.scan.database:
            found.rooms[home].joins.append(join)
            found.homes[alias] = home
        else:
            found.rooms[alias] = Room(join.scan)
            found.homes[alias] = alias
            found.doors.append(Door(home, alias, tuple(_keys(join, home, found))))
    return found


def _keys(join: Join, home: str, found: Rooms) -> Iterator[tuple[ColumnOf, ColumnOf]]:
    for (own, other), (own_type, other_type) in zip(join.keys, join.types, strict=True):
        yield (
            found.rooms[home].column(ColumnOf(own.scan, own.column, own_type), own.column),
            found.rooms[join.scan.alias].column(
                ColumnOf(other.scan, other.column, other_type), other.column
            ),
        )
