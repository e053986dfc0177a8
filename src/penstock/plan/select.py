"""The rows or groups of a plan → what each database computes of them, and what is left to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from msgspec import structs

from penstock.plan.conditions import expressions_of
from penstock.plan.filters import every
from penstock.plan.fragments import Fragments, Page, Room
from penstock.plan.narrowing import most_of, narrowed
from penstock.plan.partial import can_be_split, put_together
from penstock.plan.rejecting import rejects_nulls
from penstock.plan.rooms import Rooms, find_rooms
from penstock.plan.thinning import leaves_many
from penstock.plan.types import (
    Aggregated,
    AtMoment,
    Back,
    ColumnOf,
    Condition,
    Cut,
    Either,
    Every,
    Expression,
    Farthest,
    FormulaOf,
    Inverse,
    Join,
    KeyOf,
    Nothing,
    Output,
    Plan,
    Scan,
    Sort,
    Standing,
    Tested,
)
from penstock.query.types import Compute, Operator


def divide_select(plan: Plan, fragments: Fragments) -> Plan:
    """Return the plan over what the fragments give. Labels and the past are left as they are."""
    division = _Division(plan, find_rooms(plan))
    base = division.rooms.first
    is_near = base.root.database in fragments.near
    is_worth = not (is_near and leaves_many(plan, division.rooms))
    base.partial = is_worth and division.can_be_partial()
    base.distinct = plan.distinct
    left = tuple(division.left_to_test())
    keys, measures = division.outputs(plan.keys), division.outputs(plan.measures)
    divided = replace(
        plan,
        keys=keys,
        measures=measures,
        where=every(left),
        having=None if plan.having is None else division.condition(plan.having),
    )
    if not left:
        base.page = _page(divided, base)
    scans = _hand_over(division.rooms, fragments)
    return replace(
        divided,
        scan=scans[division.rooms.base],
        joins=tuple(Join(scans[door.child], door.keys) for door in division.rooms.doors),
        skip=plan.skip if base.page is None else None,
    )


@dataclass(frozen=True, slots=True)
class _Division:
    plan: Plan
    rooms: Rooms

    def can_be_partial(self) -> bool:
        """Whether the first room may give groups instead of rows."""
        plan = self.plan
        tested = tuple(expressions_of(plan.having))
        return plan.grouped and all(
            can_be_split(expression, of_fact=self._is_of_base, is_key=self._is_grouped_by)
            for expression in (*(measure.expression for measure in plan.measures), *tested)
        )

    def _is_of_base(self, expression: Expression) -> bool:
        return self.rooms.of(expression) <= {self.rooms.base}

    def _is_grouped_by(self, expression: Expression) -> bool:
        """Whether the first room groups by it anyway: it is a scale, or the key of a join."""
        scales = [key.expression for key in self.plan.keys]
        return self.rooms.first.gives(expression) or expression in scales

    def left_to_test(self) -> Iterator[Condition]:
        """Send each condition to where it can be tested, and yield what is left of it here."""
        there = dict[str, Condition]()
        for condition in conjuncts(self.plan.where):
            homes = self.rooms.tested(condition)
            if homes <= {self.rooms.base}:
                self.rooms.first.where.append(condition)
            elif len(homes) == 1 and rejects_nulls(condition):
                (home,) = homes
                self.rooms.rooms[home].where.append(condition)
                # What fails it is not there any more: all that has to be seen is whether it is.
                key = self.rooms.door_to(home).keys[0][1]
                there[home] = Tested(Operator.IS_NOT_NULL, key, (), with_null=False)
            else:
                yield self.condition(condition)
        yield from there.values()

    def outputs(self, outputs: Sequence[Output]) -> tuple[Output, ...]:
        return tuple(
            Output(output.name, self.expression(output.expression, output.name))
            for output in outputs
        )

    def expression(self, expression: Expression, wanted: str = "value") -> Expression:
        """Return an expression over columns of what the rooms give."""
        match expression:
            case KeyOf() | Nothing():
                return expression
            case Aggregated(compute, argument, type_):
                base = self.rooms.first
                is_split = base.partial and self._is_of_base(argument)
                if is_split and compute is not Compute.COUNT_DISTINCT:
                    return put_together(expression, wanted, base.measure)
                return Aggregated(compute, self.expression(argument, wanted), type_)
            case FormulaOf(text, inputs, type_, _, True):
                made = tuple((name, self.expression(of, name)) for name, of in inputs)
                return FormulaOf(text, made, type_, aggregates=True)
            case Standing(argument, moment, per):
                return structs.replace(
                    expression,
                    argument=self.expression(argument, wanted),
                    moment=self.expression(moment, "moment"),
                    per=tuple(self.expression(each, "per") for each in per),
                )
            case ColumnOf() | FormulaOf() | Cut() | Back() | Farthest() | AtMoment():
                return self._computed(expression, wanted)
            case unreachable:
                assert_never(unreachable)

    def _computed(self, expression: Expression, wanted: str) -> Expression:
        """Have an expression computed in the one room that it is about."""
        homes = self.rooms.of(expression)
        if not homes:
            return expression
        (home,) = homes
        return self.rooms.rooms[home].column(expression, wanted)

    def condition(self, condition: Condition) -> Condition:
        match condition:
            case Tested(operator, expression, parameters, with_null):
                return Tested(operator, self.expression(expression), parameters, with_null)
            case Every(parts):
                return Every(tuple(self.condition(part) for part in parts))
            case Either(parts):
                return Either(tuple(self.condition(part) for part in parts))
            case Inverse(part):
                return Inverse(self.condition(part))
            case unreachable:
                assert_never(unreachable)


def conjuncts(condition: Condition | None) -> Iterator[Condition]:
    match condition:
        case None:
            return
        case Every(parts):
            for part in parts:
                yield from conjuncts(part)
        case _:
            yield condition


def _page(plan: Plan, base: Room) -> Page | None:
    """Return the page of a listing that the first room can cut: no join adds or drops a row."""
    if plan.grouped or plan.distinct or plan.limit is None:
        return None
    given = {output.name: output.expression for output in plan.measures}
    sorts = []
    for sort in plan.sorts:
        column = given.get(sort.name)
        if not isinstance(column, ColumnOf) or column.scan != base.root.alias:
            return None
        sorts.append(Sort(column.column, sort.descending))
    return Page(tuple(sorts), plan.limit, plan.skip)


def _hand_over(rooms: Rooms, fragments: Fragments) -> dict[str, Scan]:
    """Make fragments of the rooms, in the order to read them, and return how to read each.

    Filtered ones are first: their keys tell which rows of the others are of any use. And so do
    those of a base that is small, because it is grouped or a page.
    """
    scans: dict[str, Scan] = {}
    for door in reversed(rooms.doors):
        room, parent = rooms.rooms[door.child], rooms.rooms[door.parent]
        room.needed = room.needed or bool(room.where)
        if not room.needed:
            continue
        parent.needed = True
        scans[door.child] = _fragment(room, fragments)
        for own, other in door.keys:
            by, most = scans[door.child].source[0], most_of(room.root)
            parent.narrowings += narrowed(parent.root, own, by, other, most=most)
    base = scans[rooms.base] = _fragment(rooms.first, fragments)
    is_small = rooms.first.partial or rooms.first.page is not None
    for door in rooms.doors:
        if door.child in scans:
            continue
        room = rooms.rooms[door.child]
        for own, other in door.keys:
            if is_small and door.parent == rooms.base:
                room.narrowings += narrowed(room.root, other, base.source[0], own)
        scans[door.child] = _fragment(room, fragments)
    return scans


def _fragment(room: Room, fragments: Fragments) -> Scan:
    return fragments.add(
        room.root.alias, room.plan(), partial=room.partial, narrowings=room.narrowings
    )
