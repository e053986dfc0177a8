"""How it was before: the same groups, over the rows of earlier periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from penstock.errors import AmbiguousNameError, QueryError
from penstock.model.types import DataType
from penstock.plan.choose import comparisons
from penstock.plan.filters import every, split_filter
from penstock.plan.scope import Scope
from penstock.plan.types import (
    Back,
    Column,
    Condition,
    Cut,
    Earlier,
    Either,
    Expression,
    KeyOf,
    Output,
    Role,
    Shift,
)
from penstock.query.types import Evolution, Granularity, Mode, Query, Scale

_BY_DATE: Final[Mapping[Granularity, Shift]] = {
    Granularity.WEEKDAY: Shift(7, Granularity.DAY),
    Granularity.WEEK: Shift(7, Granularity.DAY),
    Granularity.MONTH: Shift(1, Granularity.MONTH),
    Granularity.QUARTER: Shift(3, Granularity.MONTH),
    Granularity.SEMESTER: Shift(6, Granularity.MONTH),
    Granularity.YEAR: Shift(12, Granularity.MONTH),
}
_BY_WEEKS: Final[Mapping[Granularity, Shift]] = {
    Granularity.WEEKDAY: Shift(7, Granularity.DAY),
    Granularity.WEEK: Shift(7, Granularity.DAY),
    Granularity.MONTH: Shift(4 * 7, Granularity.DAY),
    Granularity.QUARTER: Shift(13 * 7, Granularity.DAY),
    Granularity.SEMESTER: Shift(26 * 7, Granularity.DAY),
    Granularity.YEAR: Shift(52 * 7, Granularity.DAY),
}

_FINENESS: Final = tuple(Granularity)
"""From the second to the year."""

_NEVER = Either(())


def find_time(query: Query, scope: Scope) -> str | None:
    """Return the attribute that goes back in time, if one is to: of the scales, else of the filter.

    Raises QueryError where there is none, AmbiguousNameError where there are several.
    """
    evolution = query.evolution
    if evolution is None:
        return None
    if evolution.field is not None:
        if not scope.reached[evolution.field].attribute.type.is_temporal:
            raise QueryError(
                f"{evolution.field!r} is neither a date nor a timestamp.",
                hint="'evol.field' names what goes back in time.",
                pointer="/evol/field",
            )
        return evolution.field
    of_scales = [scale.attribute for scale in query.scales if _is_axis(scale, scope)]
    of_filter = [
        comparison.attribute
        for comparison in comparisons(query.filter)
        if scope.reached[comparison.attribute].attribute.type.is_temporal
    ]
    # One attribute may be written in two ways: flight_date, flights.flight_date.
    places: dict[object, str] = {}
    for name in of_scales or of_filter:
        places.setdefault(scope.place(name), name)
    names = tuple(places.values())
    if not names:
        raise QueryError(
            "'evol' needs a date or a timestamp, in the scale or in the filter.",
            hint="Add one to the scale, such as 'flight_date:month', or say 'evol.field'.",
            pointer="/evol",
        )
    if len(names) > 1:
        raise AmbiguousNameError(
            f"'evol' could go back by {' or '.join(names)}.",
            hint=f'Write "field": "{names[0]}" in \'evol\' to say which.',
            pointer="/evol",
        )
    return names[0]


def _is_axis(scale: Scale, scope: Scope) -> bool:
    extracts = scale.granularity is not None and scale.granularity.extracts
    return scope.reached[scale.attribute].attribute.type.is_temporal and not extracts


def go_back(
    query: Query,
    scope: Scope,
    keys: Sequence[Output],
    measures: Sequence[Output],
    of_page: Sequence[Earlier] = (),
) -> tuple[Earlier, ...]:
    """Return, for each period before, what the answer's measures were then.

    The filter of a total moves as that `of_page` has. Raises what `find_time` raises.
    """
    evolution, time = query.evolution, find_time(query, scope)
    if evolution is None or time is None:
        return ()
    axes = _axes(query, time, scope, keys)
    # That it is not null says nothing of when.
    compared = {c.attribute for c in comparisons(query.filter) if c.slots}
    named = [name for name in compared if scope.place(name) == scope.place(time)]
    found = []
    for period in range(1, evolution.depth + 1):
        shift = _shift(evolution, period)
        where: Condition | None = _NEVER
        if axes or named:
            back = dict.fromkeys(named, shift)
            where = of_page[period - 1].where if of_page else _moved(query, scope, back)
        found.append(
            Earlier(
                where=where,
                matches=tuple(_match(key, axes, shift) for key in keys),
                measures=tuple(Output(f"{m.name}_{period}", m.expression) for m in measures),
            )
        )
    return tuple(found)


def _moved(query: Query, scope: Scope, back: Mapping[str, Shift]) -> Condition | None:
    return every(split_filter(query.filter, scope, grouped=True, back=back).rows)


def _shift(evolution: Evolution, periods: int) -> Shift:
    table = _BY_DATE if evolution.mode is Mode.DATE else _BY_WEEKS
    one = table[evolution.scale]
    return Shift(one.amount * periods, one.unit)


def _axes(
    query: Query, time: str, scope: Scope, keys: Sequence[Output]
) -> tuple[tuple[Scale, Expression], ...]:
    """Return the keys that are cuts of the time attribute, the finest first."""
    expressions = {key.name: key.expression for key in keys}
    axes = [
        (scale, expressions[scale.name])
        for scale in query.scales
        if scope.place(scale.attribute) == scope.place(time)
        and _is_axis(scale, scope)
        and scale.name in expressions
    ]
    return tuple(sorted(axes, key=lambda axis: _fineness(axis[0])))


def _fineness(scale: Scale) -> int:
    return -1 if scale.granularity is None else _FINENESS.index(scale.granularity)


def _match(key: Output, axes: Sequence[tuple[Scale, Expression]], shift: Shift) -> Output:
    """Return what a key of the answer was called then: the same, unless it is a time."""
    cuts = {scale.name: (scale, expression) for scale, expression in axes}
    if key.name not in cuts:
        return Output(key.name, KeyOf(key.name, key.expression.type))
    finest, of = axes[0]
    before = Back(KeyOf(finest.name, of.type), shift, of.type)
    granularity = cuts[key.name][0].granularity
    if granularity is None or (granularity is finest.granularity and _starts(granularity, shift)):
        return Output(key.name, before)
    return Output(key.name, Cut(granularity, before, key.expression.type, _zone(key.expression)))


def _starts(granularity: Granularity, shift: Shift) -> bool:
    """Whether so long before the first day of such a period there is the first day of another."""
    one = _BY_DATE.get(granularity)
    is_of_days = granularity is not Granularity.WEEKDAY
    return (
        one is not None and is_of_days and one.unit is shift.unit and shift.amount % one.amount == 0
    )


def _zone(expression: Expression) -> str | None:
    """Return the zone to cut a key by once more: dates have none any more."""
    is_cut = isinstance(expression, Cut) and expression.type is DataType.TIMESTAMP_TZ
    return expression.zone if isinstance(expression, Cut) and is_cut else None


def earlier_columns(columns: Sequence[Column], depth: int) -> list[Column]:
    """Return the columns with those of each measure's past after it."""
    found: list[Column] = []
    for column in columns:
        found.append(column)
        if column.role is Role.MEASURE:
            found += [
                replace(column, name=f"{column.name}_{period}", back=period)
                for period in range(1, depth + 1)
            ]
    return found
