"""Groups that are compared with themselves, of another time → a plan that makes them once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from msgspec import structs

from penstock.plan.types import (
    Condition,
    Earlier,
    Either,
    Every,
    Expression,
    Inverse,
    KeyOf,
    Output,
    Plan,
    Scan,
    Tested,
)


@dataclass(frozen=True, slots=True)
class Shared:
    """`plan` reads the `outputs` of all groups, by their names, from a table of one name."""

    outputs: tuple[Output, ...]
    plan: Plan


def share_groups(plan: Plan, *, name: str, alias: str) -> Shared | None:
    """Have the groups made once, if those of all periods before are the groups of now.

    They are where the filter does not say of when: nothing of it moves. `alias` is what the rows
    of an answer are called.
    """
    if not plan.earlier or not plan.keys or not all(_is_same(plan, x) for x in plan.earlier):
        return None
    groups = _Groups([*plan.keys, *plan.measures])
    where = None if plan.having is None else groups.condition(plan.having)
    reading = replace(
        plan,
        scan=Scan(alias, (name,), None),
        joins=(),
        keys=(),
        measures=tuple(_named(output) for output in (*plan.keys, *plan.measures)),
        where=where,
        having=None,
        grouped=False,
        parts=(),
        earlier=(),
    )
    before = replace(reading, keys=tuple(_named(key) for key in plan.keys), where=None)
    earlier = tuple(_earlier(each, plan.measures, before) for each in plan.earlier)
    return Shared(tuple(groups.outputs), replace(reading, earlier=earlier))


def _is_same(plan: Plan, earlier: Earlier) -> bool:
    return (
        earlier.instead is None
        and earlier.where == plan.where
        and earlier.parts == plan.parts
        and [m.expression for m in earlier.measures] == [m.expression for m in plan.measures]
    )


def _earlier(earlier: Earlier, measures: Sequence[Output], before: Plan) -> Earlier:
    renamed = tuple(
        Output(then.name, KeyOf(now.name, now.expression.type))
        for then, now in zip(earlier.measures, measures, strict=True)
    )
    return structs.replace(earlier, where=None, measures=renamed, parts=(), instead=before)


def _named(output: Output) -> Output:
    return Output(output.name, KeyOf(output.name, output.expression.type))


@dataclass(slots=True)
class _Groups:
    """What is made of each group: what is told of it, and what it is tested by."""

    outputs: list[Output] = field(default_factory=list)

    def condition(self, condition: Condition) -> Condition:
        match condition:
            case Tested(operator, expression, parameters, with_null):
                return Tested(operator, self._made(expression), parameters, with_null)
            case Every(parts):
                return Every(tuple(self.condition(part) for part in parts))
            case Either(parts):
                return Either(tuple(self.condition(part) for part in parts))
            case Inverse(part):
                return Inverse(self.condition(part))
            case unreachable:
                assert_never(unreachable)

    def _made(self, expression: Expression) -> KeyOf:
        for output in self.outputs:
            if output.expression == expression:
                return KeyOf(output.name, expression.type)
        # Names of a model hold no spaces.
        self.outputs.append(Output(f"test {len(self.outputs)}", expression))
        return KeyOf(self.outputs[-1].name, expression.type)
