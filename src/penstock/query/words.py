"""The words a query may use, and what each one means."""

from __future__ import annotations

from typing import Final

from penstock.query.types import AnyCompute, Compute, Granularity, Operator, Percentile

COMPUTES: Final[dict[str, AnyCompute]] = {
    **{c.value: c for c in Compute},
    **{f"p{rank:02}": Percentile(rank) for rank in range(1, 100)},
}

GRANULARITIES: Final[dict[str, Granularity]] = {g.value: g for g in Granularity}

OPERATORS: Final[dict[str, Operator]] = {
    **{o.value: o for o in Operator},
    "equal": Operator.EQ,
    "neq": Operator.NOT_EQUAL,
}

LISTS: Final = frozenset({Operator.IN, Operator.NOT_IN})
PAIRS: Final = frozenset({Operator.BETWEEN, Operator.NOT_BETWEEN})
NULLS: Final = frozenset({Operator.IS_NULL, Operator.IS_NOT_NULL})
TEXTS: Final = frozenset(
    {
        Operator.LIKE,
        Operator.NOT_LIKE,
        Operator.ILIKE,
        Operator.CONTAINS,
        Operator.STARTS_WITH,
        Operator.ENDS_WITH,
    }
)

TOP: Final = (
    "data",
    "scale",
    "filter",
    "having",
    "order",
    "evol",
    "total",
    "options",
    "timezone",
    "table_name",
    "database_name",
)
DATA: Final = ("fields", "limit", "skip", "hints")
SCALE: Final = ("fields", "axis")
OPTIONS: Final = ("scales", "collapse")
EVOLUTION: Final = ("scale", "mode", "depth", "field")

PERIODS: Final = (
    Granularity.WEEKDAY,
    Granularity.WEEK,
    Granularity.MONTH,
    Granularity.QUARTER,
    Granularity.SEMESTER,
    Granularity.YEAR,
)
"""How far one may go back in an `evol`; a weekday is the same day of the week before."""
