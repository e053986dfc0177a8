"""In which order: as asked, then so that equal questions give equal pages."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.errors import AmbiguousNameError, PenstockError, QueryError, suggestion
from penstock.plan.types import Column, Role, Sort
from penstock.query.types import Compute, Order, Query


def sort_outputs(
    query: Query, columns: Sequence[Column], problems: list[PenstockError]
) -> tuple[Sort, ...]:
    """Return the sorts asked for, then those that leave no two rows of a page in doubt.

    Groups are told apart by their scales, so these follow. Listed rows are told apart by what is
    selected, which is sorted only where an order, a page or what is distinct was asked for: it
    would hold back a long listing.
    """
    # How it was before is looked up for the page, once it is cut: nothing is ordered by it.
    columns = [column for column in columns if column.back == 0]
    sorts: dict[str, Sort] = {}
    for order in query.order:
        try:
            name = _column(order, columns)
        except PenstockError as error:
            problems.append(error)
        else:
            sorts.setdefault(name, Sort(name, order.descending))
    scales = [column for column in columns if column.role is Role.SCALE]
    computes = [compute for asked in query.fields for compute in asked.computes]
    distinct = Compute.SELECT_DISTINCT in computes and not any(c.aggregates for c in computes)
    paged = bool(query.order) or query.skip is not None or distinct
    for column in scales or (columns if paged else ()):
        if column.role is not Role.LABEL:
            sorts.setdefault(column.name, Sort(column.name, descending=False))
    return tuple(sorts.values())


def _column(order: Order, columns: Sequence[Column]) -> str:
    """Return the column that an entry of `order` means."""
    names = [column.name for column in columns]
    scale, colon, granularity = order.name.rpartition(":")
    for name in (order.name, f"{scale}{colon}{granularity.lower()}"):
        if name in names:
            return name
    attribute, _, compute = order.name.rpartition(".")
    found = [
        column
        for column in columns
        if column.role is not Role.LABEL
        and column.back == 0
        and (
            column.attribute == order.name
            or (column.attribute == attribute and column.compute == compute.lower())
        )
    ]
    if len(found) == 1:
        return found[0].name
    if found:
        ways = [f"{c.attribute}.{c.compute}" if c.compute else c.name for c in found]
        raise AmbiguousNameError(
            f"{order.name!r} can mean {' or '.join(ways)}.",
            hint=f"Write {ways[0]!r} to say which.",
            pointer=order.pointer,
        )
    raise QueryError(
        f"{order.name!r} is not in the answer, so it cannot be ordered by.",
        hint=suggestion(order.name, names) or f"The answer has {', '.join(names)}.",
        pointer=order.pointer,
    )
