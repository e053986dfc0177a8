"""Subtotals: the same plan by fewer scales, without page and conditions on groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from msgspec import structs

from penstock.model.types import DataType
from penstock.plan.evolution import earlier_columns, go_back
from penstock.plan.scope import Scope
from penstock.plan.types import Aggregated, Column, Output, Parameter, Plan, Role, Sort, Subtotal
from penstock.plan.uses import needed_joins
from penstock.query.types import Compute, Query, Total


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
    depth = 0 if query.evolution is None else query.evolution.depth
    # What is selected beside its scale is, where a total drops the scale, a measure like others.
    dropped = [c for c in plan.columns if c.role is Role.SCALE and c.compute and c.name not in kept]
    measures = (*_smallest(scope, dropped), *plan.measures)
    read = [output.expression for output in (*keys, *measures)]
    return replace(
        plan,
        joins=needed_joins(plan.joins, read, plan.where),
        keys=keys,
        measures=measures,
        having=None,
        labels=tuple(label for label in plan.labels if label.key in kept),
        sorts=tuple(Sort(key.name, descending=False) for key in keys),
        earlier=go_back(structs.replace(query, scales=scales), scope, keys, measures, plan.earlier),
        limit=Parameter(total.limit, DataType.INTEGER, "limit", total.pointer),
        skip=None,
        hints=False,
        columns=_columns(plan, kept, dropped, depth),
        totals=(),
    )


def _smallest(scope: Scope, dropped: Sequence[Column]) -> tuple[Output, ...]:
    """Return the scales of these names as measures: the smallest value of the group."""
    return tuple(
        Output(c.name, Aggregated(Compute.MIN, scope.measured(c.name), c.type)) for c in dropped
    )


def _columns(
    plan: Plan, kept: frozenset[str], dropped: Sequence[Column], depth: int
) -> tuple[Column, ...]:
    scales = [c for c in plan.columns if c.role is not Role.MEASURE]
    measures = earlier_columns([replace(c, role=Role.MEASURE) for c in dropped], depth)
    return (
        *(column for column in scales if (column.labels or column.name) in kept),
        *measures,
        *(column for column in plan.columns if column.role is Role.MEASURE),
    )
