"""What was asked, exactly as the caller put it: closed, immutable, hashable.

A `Query` is a *shape*: its values are replaced by numbered slots, so that two questions that differ
only in values are equal, and everything derived from the shape (plan, SQL) is made once.
`Asked` is the shape with the values of this request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeAlias

import msgspec

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
Value: TypeAlias = bool | int | float | str | None


class Frozen(msgspec.Struct, frozen=True, gc=False):
    """Base of every node of a query: compared and hashed by value, in C."""


class Compute(StrEnum):
    SELECT = "select"
    SELECT_DISTINCT = "select_distinct"
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    AVG = "avg"
    COUNT = "count"
    COUNT_DISTINCT = "count_distinct"
    COUNT_APPROX_DISTINCT = "count_approx_distinct"
    MEDIAN = "median"
    STDDEV = "stddev"
    VARIANCE = "variance"

    @property
    def aggregates(self) -> bool:
        return self not in {Compute.SELECT, Compute.SELECT_DISTINCT}


class Percentile(Frozen, frozen=True):
    """`p01` … `p99`: the continuous percentile."""

    rank: int

    @property
    def value(self) -> str:
        return f"p{self.rank:02}"

    @property
    def aggregates(self) -> bool:
        return True


AnyCompute: TypeAlias = Compute | Percentile


class Granularity(StrEnum):
    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    SEMESTER = "semester"
    YEAR = "year"
    WEEKDAY = "weekday"
    MONTH_OF_YEAR = "month_of_year"
    HOUR_OF_DAY = "hour_of_day"
    DAY_OF_MONTH = "day_of_month"

    @property
    def extracts(self) -> bool:
        """Whether it takes a number out of a date, instead of cutting the date short."""
        return self in {
            Granularity.WEEKDAY,
            Granularity.MONTH_OF_YEAR,
            Granularity.HOUR_OF_DAY,
            Granularity.DAY_OF_MONTH,
        }


class Operator(StrEnum):
    EQ = "eq"
    NOT_EQUAL = "not_equal"
    IN = "in"
    NOT_IN = "not_in"
    BETWEEN = "between"
    NOT_BETWEEN = "not_between"
    LIKE = "like"
    NOT_LIKE = "not_like"
    ILIKE = "ilike"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    IS_NULL = "is_null"
    IS_NOT_NULL = "is_not_null"
    DURING = "during"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"


class Field(Frozen, frozen=True):
    """One entry of `data.fields`."""

    attribute: str
    computes: tuple[AnyCompute, ...]


class Scale(Frozen, frozen=True):
    """One member of `scale.fields`; `part` numbers the (maybe composite) scale it belongs to."""

    attribute: str
    granularity: Granularity | None
    part: int
    pointer: str

    @property
    def name(self) -> str:
        return (
            self.attribute if self.granularity is None else f"{self.attribute}:{self.granularity}"
        )


class Slot(Frozen, frozen=True):
    """Where the value numbered `index` goes: of the query, or of the caller's row filters."""

    index: int
    guard: bool


class Comparison(Frozen, frozen=True):
    """`with_null`: a null was among the values of an `in` or `not_in`.

    `compute` is what is compared in a `having`; None where the attribute is, as it is.
    """

    attribute: str
    operator: Operator
    slots: tuple[Slot, ...]
    with_null: bool
    pointer: str
    compute: AnyCompute | None = None


class AllOf(Frozen, frozen=True):
    parts: tuple[Predicate, ...]


class AnyOf(Frozen, frozen=True):
    parts: tuple[Predicate, ...]


class Negation(Frozen, frozen=True):
    part: Predicate


Predicate: TypeAlias = Comparison | AllOf | AnyOf | Negation


class Order(Frozen, frozen=True):
    """`name` is an attribute selected or in the scale, a scale, or `attribute.compute`."""

    name: str
    descending: bool
    pointer: str


class Mode(StrEnum):
    """How one goes back in time: to the same calendar date, or by whole weeks."""

    DATE = "date"
    WEEKDAY = "weekday"


class Evolution(Frozen, frozen=True):
    """How it was before: 1 to `depth` times `scale` earlier. `field` says which time is meant."""

    scale: Granularity
    mode: Mode
    depth: int
    field: str | None


class Total(Frozen, frozen=True):
    """Subtotals by some of the scales, by their names; `limit` is the most rows there may be."""

    name: str
    scales: tuple[str, ...]
    limit: Slot
    pointer: str


class Query(Frozen, frozen=True, kw_only=True):
    """The shape of a question.

    `limit` is always there, `limited` says that the caller wrote it; `skip` is None when unwritten.

    A `skip` of 0 is the first page: it orders like the pages after it. `timezone` is an IANA name:
    what a day is, of moments in time.
    """

    fields: tuple[Field, ...]
    scales: tuple[Scale, ...] = ()
    filter: Predicate | None = None
    order: tuple[Order, ...] = ()
    limit: Slot
    limited: bool = False
    skip: Slot | None = None
    hints: bool = False
    having: Predicate | None = None
    evolution: Evolution | None = None
    totals: tuple[Total, ...] = ()
    timezone: str = "UTC"
    table_name: str | None = None
    database_name: str | None = None


class Layout(Frozen, frozen=True):
    """How a sheet shows the answer: nothing that a database is asked for.

    The scales `x` spread the columns and the scales `y` label the rows, each is in one of them;
    None for both where the sheet has the rows as they are. `collapse` merges labels that repeat.
    """

    x: tuple[str, ...] | None
    y: tuple[str, ...] | None
    collapse: bool


class Asked(Frozen, frozen=True):
    """A shape and its values, `values[slot.index]` filling each slot that is not a guard's."""

    query: Query
    values: tuple[Value, ...]
    layout: Layout | None = None


class Limits(Frozen, frozen=True, kw_only=True):
    """What one query may ask for. Rows, values, conditions and depth are counts."""

    default_rows: int = 5_000
    max_rows: int = 1_000_000
    max_values: int = 10_000
    max_conditions: int = 256
    max_depth: int = 16
    max_fields: int = 256
    max_evolution: int = 12
    timezone: str = "UTC"
