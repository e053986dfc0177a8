"""A question of which other databases say which rows count → all of it, for whoever has them.

What cannot be put together from parts, a median, then needs no row to leave its database.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from msgspec import structs

from penstock.model.types import DataType
from penstock.plan.conditions import expressions_of
from penstock.plan.filters import every
from penstock.plan.fragments import Fragment
from penstock.plan.narrowing import FEW, most_of
from penstock.plan.rejecting import rejects_nulls
from penstock.plan.rooms import Door, Rooms, find_rooms
from penstock.plan.select import conjuncts
from penstock.plan.types import Condition, Expression, Narrowing, Plan


@dataclass(frozen=True, slots=True)
class Whole:
    """A plan of one database, to be asked instead of its `part`, once the keys are there."""

    part: str
    plan: Plan

    @property
    def sought(self) -> frozenset[str]:
        """The fragments that have the keys."""
        return frozenset(key.by for key in self.plan.scan.within)


def find_whole(plan: Plan, fragments: Sequence[Fragment]) -> Whole | None:
    """Return how the first database can answer all of it, None where it cannot.

    It can where each other one is only asked whether a partner passes a filter, by a whole number:
    whether texts are equal is not the same to all databases.
    """
    part = next((made for made in fragments if made.plan.scan == plan.scan), None)
    if part is None or plan.parts or plan.earlier:
        return None
    rooms = find_rooms(plan)
    within = _within(plan, rooms, fragments)
    if within is None or not _is_told_here(plan, rooms):
        return None
    here = [c for c in conjuncts(plan.where) if rooms.tested(c) <= {rooms.base}]
    whole = replace(
        plan,
        scan=structs.replace(plan.scan, within=within),
        joins=tuple(rooms.first.joins),
        where=every(tuple(here)),
        totals=(),
    )
    return Whole(part.name, whole)


def _within(
    plan: Plan, rooms: Rooms, fragments: Sequence[Fragment]
) -> tuple[Narrowing, ...] | None:
    """Return what to look for in place of each partner, None where one is needed itself."""
    asked = _asked(plan, rooms)
    if asked is None or any(door.child not in asked for door in rooms.doors):
        return None
    keys = [
        next(j.keys[0][0] for j in plan.joins if j.scan.alias == door.child) for door in rooms.doors
    ]
    found = [_key(door, rooms, fragments) for door in rooms.doors]
    if not found or any(key.scan != plan.scan.alias for key in keys):
        return None
    named = zip(found, keys, strict=True)
    within = [structs.replace(n, column=key.column) for n, key in named if n is not None]
    return tuple(within) if len(within) == len(found) else None


def _asked(plan: Plan, rooms: Rooms) -> frozenset[str] | None:
    """Return the rooms of which a filter leaves rows; None if one cannot be tested in one place."""
    asked: set[str] = set()
    for condition in conjuncts(plan.where):
        elsewhere = rooms.tested(condition) - {rooms.base}
        if elsewhere and not _is_of_one(condition, rooms):
            return None
        asked |= elsewhere
    return frozenset(asked)


def _is_of_one(condition: Condition, rooms: Rooms) -> bool:
    return len(rooms.tested(condition)) == 1 and rejects_nulls(condition)


def _key(door: Door, rooms: Rooms, fragments: Sequence[Fragment]) -> Narrowing | None:
    """Return how a partner's keys are found, if they are few whole numbers, kept where they are."""
    partner, (given, other) = rooms.rooms[door.child].root, door.keys[0]
    part = next((made for made in fragments if made.plan.scan == partner), None)
    is_number = given.type is other.type is DataType.INTEGER
    if part is None or len(door.keys) > 1 or not is_number:
        return None
    looked_into = {n.by for made in fragments for n in made.narrowings}
    is_small = partner.rows is not None and partner.rows <= FEW
    if part.name not in looked_into and not is_small:
        return None
    return Narrowing(given.column, given.type, part.name, other.column, most_of(partner))


def _is_told_here(plan: Plan, rooms: Rooms) -> bool:
    """Whether all that is told of the rows, or tested of groups, is of the first database."""
    labels = {label.scan.database for label in plan.labels}
    told = all(rooms.of(expression) <= {rooms.base} for expression in _told(plan))
    return told and labels <= {plan.scan.database}


def _told(plan: Plan) -> Iterator[Expression]:
    yield from (output.expression for output in (*plan.keys, *plan.measures))
    yield from expressions_of(plan.having)
