"""Subtotals: the same plan by fewer scales, without page and conditions on groups."""

from __future__ import annotations

from dataclasses import replace

from msgspec import structs

from penstock.model.types import DataType
from penstock.plan.evolution import go_back
from penstock.plan.scope import Scope
from penstock.plan.types import Column, Parameter, Plan, Role, Sort, Subtotal
from penstock.plan.uses import needed_joins
from penstock.query.types import Query, Total


def make_totals(query: Query, time: str | None, scope: Scope, plan: Plan) -> tuple[Subtotal, ...]:
    """Return the totals of a plan; `time` is the attribute that goes back in time, if one does."""
    if query.evolution is not None:
        # A total may keep no time: it must not look for another one.
        query = structs.replace(query, evolution=structs.replace(query.evolution, field=time))
    return tuple(Subtotal(total.name, _total(total, query, scope, plan)) for total in query.totals)


def _total(total: Total, query: Query, scope: Scope, plan: Plan) -> Plan:
    kept = frozenset(total.scales)
    scales = tuple(scale for scale in query.scales if scale.name in kept)
    keys = tuple(key for key in plan.keys if key.name in kept)
    read = [output.expression for output in (*keys, *plan.measures)]
    return replace(
        plan,
        joins=needed_joins(plan.joins, read, plan.where),
        keys=keys,
        having=None,
        labels=tuple(label for label in plan.labels if label.key in kept),
        sorts=tuple(Sort(key.name, descending=False) for key in keys),
        earlier=go_back(structs.replace(query, scales=scales), scope, keys, plan.measures),
        limit=Parameter(total.limit, DataType.INTEGER, "limit", total.pointer),
        skip=None,
        hints=False,
        columns=tuple(column for column in plan.columns if _is_kept(column, kept)),
        totals=(),
    )


def _is_kept(column: Column, kept: frozenset[str]) -> bool:
    return column.role is Role.MEASURE or (column.labels or column.name) in kept
