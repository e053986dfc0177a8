"""A fragment → in words, what its database is left to do of the question."""

from __future__ import annotations

from collections.abc import Iterator

from penstock.plan.fragments import Fragment
from penstock.plan.types import Plan


def describe(fragment: Fragment) -> Iterator[str]:
    plan = fragment.plan
    if plan.scan.guard is not None or any(join.scan.guard is not None for join in plan.joins):
        yield "row filters of the policies"
    if plan.joins:
        yield f"joins with {', '.join(join.scan.alias for join in plan.joins)}"
    if plan.where is not None:
        yield "conditions of the filter"
    for narrowing in fragment.narrowings:
        yield (
            f"only what {narrowing.by!r} has of {narrowing.column},"
            f" if that are no more than {narrowing.most}"
        )
    yield from _grouped(plan, partial=fragment.partial)
    if plan.limit is not None:
        yield "order and page"


def _grouped(plan: Plan, *, partial: bool) -> Iterator[str]:
    if not plan.grouped:
        yield f"of its columns {', '.join(output.name for output in plan.measures)}"
        return
    keys = ", ".join(key.name for key in plan.keys) or "all rows together"
    yield f"{'groups, to be put together' if partial else 'groups'}: {keys}"
