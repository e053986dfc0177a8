"""What is selected: scales and computes as typed, named outputs."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.errors import ComputeNotAllowedError, PenstockError, QueryError
from penstock.model.types import Attribute, DataType
from penstock.plan.types import Aggregated, Column, Cut, Expression, Output, Role
from penstock.query.conditions import escape
from penstock.query.types import AnyCompute, Compute, Field, Granularity, Percentile, Query, Scale

_NUMERIC = frozenset({Compute.SUM, Compute.AVG, Compute.MEDIAN, Compute.STDDEV, Compute.VARIANCE})
_COUNTS = frozenset({Compute.COUNT, Compute.COUNT_DISTINCT, Compute.COUNT_APPROX_DISTINCT})
_OF_A_DAY = frozenset(
    {Granularity.SECOND, Granularity.MINUTE, Granularity.HOUR, Granularity.HOUR_OF_DAY}
)
_UTC = "UTC"
_UNORDERED = frozenset({DataType.JSON})


def key_output(
    scale: Scale, attribute: Attribute, expression: Expression, zone: str
) -> tuple[Output, Column]:
    """Return a scale as a column to group by; moments are cut by the clocks of `zone`."""
    type_ = attribute.type
    if attribute.aggregates:
        raise ComputeNotAllowedError(
            f"{scale.attribute!r} is an aggregate; it cannot be a scale.",
            hint=f'Ask for it as data: {{"{scale.attribute}": ["select"]}}.',
            pointer=scale.pointer,
        )
    if scale.granularity is not None:
        type_ = _cut_type(scale, scale.granularity, attribute)
        clocks = zone if attribute.type is DataType.TIMESTAMP_TZ and zone != _UTC else None
        expression = Cut(scale.granularity, expression, type_, clocks)
    column = Column(
        name=scale.name,
        type=type_,
        role=Role.SCALE,
        attribute=scale.attribute,
        title=attribute.title,
    )
    return Output(scale.name, expression), column


def _cut_type(scale: Scale, granularity: Granularity, attribute: Attribute) -> DataType:
    if not attribute.type.is_temporal:
        raise ComputeNotAllowedError(
            f"{granularity.value!r} applies to dates, and {scale.attribute!r} is of type"
            f" {attribute.type}.",
            hint=f"Write {scale.attribute!r} without a granularity.",
            pointer=scale.pointer,
        )
    if attribute.type is DataType.DATE and granularity in _OF_A_DAY:
        raise ComputeNotAllowedError(
            f"{scale.attribute!r} is a date: it has no {granularity.value!r}.",
            hint="The finest granularity of a date is 'day'.",
            pointer=scale.pointer,
        )
    if granularity.extracts:
        return DataType.INTEGER
    return attribute.type if granularity in _OF_A_DAY else DataType.DATE


def measure_output(
    field: Field, compute: AnyCompute, attribute: Attribute, expression: Expression
) -> tuple[Output, Column]:
    """Return a compute as an aggregate of the group; `select` is the smallest value in it."""
    _refuse_unfit(field, compute, attribute)
    is_select = not compute.aggregates
    name = measure_name(field.attribute, compute)
    type_ = result_type(compute, attribute.type)
    if not attribute.aggregates:
        of = Compute.MIN if is_select else compute
        expression = Aggregated(of, expression, type_)
    return Output(name, expression), _measure_column(field, compute, attribute, name, type_)


def measure_name(attribute: str, compute: AnyCompute) -> str:
    """Return what a compute is called in the answer."""
    return f"{attribute}_{compute.value}" if compute.aggregates else attribute


def listed_output(
    field: Field, compute: AnyCompute, attribute: Attribute, expression: Expression
) -> tuple[Output, Column]:
    """Return an attribute as it is in each row."""
    name = field.attribute
    return Output(name, expression), _measure_column(
        field, compute, attribute, name, attribute.type
    )


def _measure_column(
    field: Field, compute: AnyCompute, attribute: Attribute, name: str, type_: DataType
) -> Column:
    return Column(
        name=name,
        type=type_,
        role=Role.MEASURE,
        attribute=field.attribute,
        compute=compute.value,
        title=attribute.title,
    )


def result_type(compute: AnyCompute, type_: DataType) -> DataType:
    """Return the type of a compute over values of `type_`."""
    if isinstance(compute, Percentile):
        return DataType.FLOAT
    if compute in _COUNTS:
        return DataType.INTEGER
    if compute in _NUMERIC and compute is not Compute.SUM:
        return DataType.FLOAT
    return type_


def _refuse_unfit(field: Field, compute: AnyCompute, attribute: Attribute) -> None:
    pointer = f"/data/fields/{escape(field.attribute)}"
    if attribute.aggregates:
        if compute is not Compute.SELECT:
            raise ComputeNotAllowedError(
                f"{field.attribute!r} is already an aggregate: only 'select' applies to it,"
                f" not {compute.value!r}.",
                hint=f'Write {{"{field.attribute}": ["select"]}}.',
                pointer=pointer,
            )
        return
    numeric = isinstance(compute, Percentile) or compute in _NUMERIC
    if numeric and not attribute.type.is_number:
        raise ComputeNotAllowedError(
            f"{compute.value!r} needs numbers, and {field.attribute!r} is of type"
            f" {attribute.type}.",
            hint="Use 'count', 'count_distinct', 'min' or 'max'.",
            pointer=pointer,
        )
    if attribute.type in _UNORDERED and compute not in _COUNTS:
        raise ComputeNotAllowedError(
            f"{field.attribute!r} is of type {attribute.type}, whose values have no order.",
            hint="Use 'count', or list it without scales.",
            pointer=pointer,
        )


def duplicates(query: Query, columns: Sequence[Column]) -> list[PenstockError]:
    """Refuse each column that is called like one before it."""
    pointers = {scale.attribute: scale.pointer for scale in query.scales}
    pointers |= {f.attribute: f"/data/fields/{escape(f.attribute)}" for f in query.fields}
    seen: set[str] = set()
    found: list[PenstockError] = []
    for column in columns:
        name = column.name.lower()  # to most databases, capitals do not tell columns apart
        if name in seen:
            found.append(
                QueryError(
                    f"Two columns of the answer would be called {column.name!r}.",
                    hint="Ask for one of them in a query of its own.",
                    pointer=pointers.get(column.attribute, "/having"),
                )
            )
        seen.add(name)
    return found
