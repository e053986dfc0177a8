"""Rows that come for nothing → whether to group them where they are, or where they are joined."""

from __future__ import annotations

from math import prod
from typing import Final

from penstock.plan.narrowing import FEW
from penstock.plan.rooms import Rooms
from penstock.plan.types import Plan

_WORTH: Final = 20
"""Rows of a group. Of ten, to group a million took longer than to hand all of them over."""

_SOME: Final = 10
"""Values of a scale, at the least: nobody has counted them."""


def leaves_many(plan: Plan, rooms: Rooms) -> bool:
    """Whether the first room, grouped by its scales and the keys of its partners, is still large.

    Not where nobody knows, where it is small anyway, and where its groups could tell which rows of
    a large partner are of any use.
    """
    rows = rooms.first.root.rows
    partners = [
        rooms.rooms[door.child].root.rows for door in rooms.doors if door.parent == rooms.base
    ]
    known = [count for count in partners if count is not None and count <= FEW]
    if rows is None or rows <= FEW or len(known) < len(partners):
        return False
    own = [key for key in plan.keys if rooms.of(key.expression) == {rooms.base}]
    groups: int = prod(known) * _SOME ** len(own)
    return groups * _WORTH > rows
