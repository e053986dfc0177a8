"""How SQL is said where nobody says it in another way: each engine's file holds its differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, NamedTuple

from sqlglot import exp

from penstock.model.types import DataType
from penstock.query.types import AnyCompute, Compute, Granularity, Percentile
from penstock.sql.types import Bound, Writing, Written

_HUNDRED = 100
_LENGTHS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 250, 500, 1_000, 2_500, 5_000)
_FIRST_SEMESTER = 6

_UNITS: Final = {
    Granularity.SECOND: "SECOND",
    Granularity.MINUTE: "MINUTE",
    Granularity.HOUR: "HOUR",
    Granularity.WEEK: "WEEK",
    Granularity.MONTH: "MONTH",
    Granularity.QUARTER: "QUARTER",
    Granularity.YEAR: "YEAR",
}

_EXTRACTS: Final = {
    Granularity.WEEKDAY: exp.DayOfWeekIso,
    Granularity.MONTH_OF_YEAR: exp.Month,
    Granularity.HOUR_OF_DAY: exp.Hour,
    Granularity.DAY_OF_MONTH: exp.Day,
}

_AGGREGATES: Final = {
    Compute.SUM: exp.Sum,
    Compute.MIN: exp.Min,
    Compute.MAX: exp.Max,
    Compute.AVG: exp.Avg,
    Compute.COUNT: exp.Count,
    Compute.COUNT_APPROX_DISTINCT: exp.ApproxDistinct,
    Compute.MEDIAN: exp.Median,
    Compute.STDDEV: exp.Stddev,
    Compute.VARIANCE: exp.Variance,
}


class Lists(NamedTuple):
    """Of how many values, and of which types, a list is one parameter, and how it is written."""

    shortest: int
    types: frozenset[DataType]
    writing: Writing


class Dialect:
    """Trees of what a plan means. `name` is what sqlglot calls the dialect that writes them."""

    name: ClassVar[str] = ""

    keys: ClassVar[int] = 10_000
    """How many values of one list it compares sooner than it would send the other rows."""

    is_near: ClassVar[bool] = False
    """Whether its rows are Arrow in this process, and come for nothing."""

    converts_safely: ClassVar[bool] = False
    """Whether it is known at which values it fails: no comparison of two kinds does."""

    lists: ClassVar[Lists | None] = None
    """Which lists `in_list` compares with sooner than with a placeholder for each value."""

    nests_joins: ClassVar[bool] = False
    """Whether it takes joins as they are written: they are best written inside of others then."""

    exact_means: ClassVar[bool] = False
    """Whether its mean of decimals is made of their exact sum, and not itself rounded to digits."""

    writes_alone: ClassVar[bool] = False
    """Whether an expression is written by itself as it is within a statement."""

    has_booleans: ClassVar[bool] = True
    """Whether a comparison gives a boolean, and not the integer 0 or 1."""

    types: ClassVar[dict[DataType, exp.DType]] = {
        DataType.BOOLEAN: exp.DType.BOOLEAN,
        DataType.INTEGER: exp.DType.BIGINT,
        DataType.FLOAT: exp.DType.DOUBLE,
        DataType.STRING: exp.DType.TEXT,
        DataType.DATE: exp.DType.DATE,
        DataType.TIMESTAMP: exp.DType.TIMESTAMP,
        DataType.TIMESTAMP_TZ: exp.DType.TIMESTAMPTZ,
        DataType.TIME: exp.DType.TIME,
    }
    """What `cast` casts to; a decimal has no one type, and stays as it is."""

    def write(self, tree: exp.Expr) -> Written:
        """Return the text of a statement, and the order in which its placeholders are filled."""
        # Nobody looks at the tree any more: to copy it first took a quarter of the time.
        return Written(tree.sql(dialect=self.name, copy=False), None)

    def prepare(self, tree: exp.Expr) -> None:
        """Make a tree, whose nodes know their types, one that sqlglot writes for this engine."""

    def placeholder(self, number: int, type_: DataType) -> exp.Expr:  # noqa: ARG002 - some engines write the type too
        return exp.Placeholder(this=str(number))

    def column(self, tree: exp.Expr, type_: DataType) -> exp.Expr:  # noqa: ARG002 - some engines look at it
        """Return a column of the model as it is compared, grouped and ordered."""
        return tree

    def ordering(self, tree: exp.Expr, type_: DataType) -> exp.Expr:  # noqa: ARG002 - some databases have a dictionary's order
        """Return a value as it is ordered, and compared for less and more; text by code points."""
        return tree

    def key(self, tree: exp.Expr) -> exp.Expr:
        """Return a column of whatever type as a join compares it."""
        return tree

    def partner(self, tree: exp.Expr) -> exp.Expr:
        """Return what a joined row has to pass beside its keys."""
        return tree

    def cast(self, tree: exp.Expr, type_: DataType) -> exp.Expr:
        to = self.types.get(type_)
        return tree if to is None else exp.Cast(this=tree, to=exp.DataType(this=to, nested=False))

    def nothing(self, type_: DataType) -> exp.Expr:
        """Return a null that stands above values of this type in a union."""
        return self.cast(exp.Null(), type_)

    # Dates and times

    def cut(self, granularity: Granularity, argument: exp.Expr, type_: DataType) -> exp.Expr:
        """Cut a date or time short, or take a number out of it. Weeks start on Monday (ISO)."""
        if granularity.extracts:
            return self.extract(granularity, argument)
        if granularity is Granularity.DAY:
            return self.cast(argument, DataType.DATE)
        if granularity is Granularity.SEMESTER:
            return self.semester(argument)
        tree = self.truncate(granularity, argument)
        return self.cast(tree, DataType.DATE) if type_ is DataType.DATE else tree

    def cut_day(self, granularity: Granularity, argument: exp.Expr) -> exp.Expr:
        """Cut a date short."""
        return self.cut(granularity, argument, DataType.DATE)

    def extract(self, granularity: Granularity, argument: exp.Expr) -> exp.Expr:
        return _EXTRACTS[granularity](this=argument)

    def truncate(self, granularity: Granularity, argument: exp.Expr) -> exp.Expr:
        return exp.TimestampTrunc(this=argument, unit=exp.Var(this=_UNITS[granularity]))

    def semester(self, argument: exp.Expr) -> exp.Expr:
        first = exp.LTE(
            this=exp.Month(this=argument.copy()), expression=exp.Literal.number(_FIRST_SEMESTER)
        )
        start = exp.Case(
            ifs=[exp.If(this=first, true=exp.Literal.number(1))],
            default=exp.Literal.number(_FIRST_SEMESTER + 1),
        )
        return self.date(exp.Year(this=argument), start)

    def date(self, year: exp.Expr, month: exp.Expr) -> exp.Expr:
        """Return the first day of a month."""
        return exp.DateFromParts(year=year, month=month, day=exp.Literal.number(1))

    def back(self, argument: exp.Expr, amount: int, unit: Granularity, type_: DataType) -> exp.Expr:
        """Return a date or time so many days or months earlier; 31 March less a month is the 28th.

        `unit` is DAY or MONTH; the result is of the argument's own type.
        """
        interval = exp.Interval(
            this=exp.Literal.string(str(amount)), unit=exp.Var(this=unit.value.upper())
        )
        return self.cast(exp.Paren(this=exp.Sub(this=argument, expression=interval)), type_)

    def zoned(self, argument: exp.Expr, zone: str) -> exp.Expr:
        """Return a moment as the clocks of a time zone show it, or of what they show the moment."""
        return exp.AtTimeZone(this=argument, zone=exp.Literal.string(zone))

    def moment(self, argument: exp.Expr, zone: str) -> exp.Expr:
        """Return the moment at which the clocks of a time zone show this."""
        return self.zoned(argument, zone)

    # Aggregates

    def aggregate(self, compute: AnyCompute, argument: exp.Expr, type_: DataType) -> exp.Expr:
        """Return a compute over a group; `type_` is what it gives."""
        if isinstance(compute, Percentile):
            return self.percentile(argument, f"{compute.rank / _HUNDRED}")
        if compute is Compute.COUNT_DISTINCT:
            return exp.Count(this=exp.Distinct(expressions=[argument]))
        tree: exp.Expr = _AGGREGATES[compute](this=argument)
        if compute is Compute.SUM and type_ is DataType.INTEGER:
            # Engines widen sums of integers each in their own way: this is exact, or an error.
            return self.cast(tree, DataType.INTEGER)
        return tree

    def percentile(self, argument: exp.Expr, share: str) -> exp.Expr:
        """Return a continuous percentile; `share` is between 0 and 1, as SQL writes it."""
        return exp.PercentileCont(this=argument, expression=exp.Literal.number(share))

    def farthest(self, moment: exp.Expr, among: Sequence[exp.Expr], *, earliest: bool) -> exp.Expr:
        """Return the last moment, or the first, of the rows that are equal in all of `among`."""
        of = exp.Min(this=moment) if earliest else exp.Max(this=moment)
        return exp.Window(this=of, partition_by=list(among))

    # Comparisons

    def like(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        """Compare with a pattern of SQL's, capitals and small letters apart."""
        return exp.Like(this=left, expression=pattern)

    def ilike(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        return exp.ILike(this=left, expression=pattern)

    def literal_like(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        r"""Compare with a pattern in which `\` takes the next character as it is."""
        return exp.Escape(this=self.like(left, pattern), expression=exp.Literal.string("\\"))

    def in_list(self, left: exp.Expr, marked: exp.Expr, type_: DataType) -> exp.Expr:
        """Compare with the values of one parameter, of a type and a length in `lists`."""
        listed = exp.DataType(
            this=exp.DType.ARRAY,
            expressions=[exp.DataType(this=self.types[type_], nested=False)],
            nested=True,
        )
        rows = exp.Unnest(expressions=[exp.Cast(this=marked, to=listed)])
        return exp.In(this=left, query=exp.Subquery(this=exp.Select(expressions=[rows])))

    def among(
        self, tree: exp.Expr, type_: DataType, values: Sequence[Bound], first: int
    ) -> tuple[exp.Expr, Sequence[Bound]]:
        """Compare with a list that has a value; also return what fills its placeholders.

        They are numbered from `first`. There are as many as one of a few lengths, so that a
        database meets few different texts: the last value comes again and again.
        """
        size = next((size for size in _LENGTHS if size >= len(values)), len(values))
        filled = (*values, *([values[-1]] * (size - len(values))))
        marks = [self.placeholder(first + i, type_) for i in range(size)]
        return exp.In(this=tree, expressions=marks), filled

    def same(self, left: exp.Expr, right: exp.Expr) -> exp.Expr:
        """Compare so that null equals null."""
        return exp.NullSafeEQ(this=left, expression=right)

    # Statements

    def totals_with_rows(self, measures: Sequence[exp.Expr], totals: int) -> bool:  # noqa: ARG002 - some look at them
        """Whether grouping sets give rows and totals sooner than a statement for each: measured."""
        return False

    def ordered(self, position: int, *, descending: bool) -> exp.Expr:
        """Order by a column of the select; nulls last, always."""
        return exp.Ordered(this=exp.Literal.number(position), desc=descending, nulls_first=False)
