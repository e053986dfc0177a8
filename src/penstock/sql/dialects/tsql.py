"""How SQL Server says it, from its version of 2022 on."""

from __future__ import annotations

from typing import ClassVar, Final

from sqlglot import exp

from penstock.errors import NotSupportedError
from penstock.model.types import DataType
from penstock.query.types import AnyCompute, Compute, Granularity
from penstock.sql.dialects.marked import Marked
from penstock.sql.dialects.numbers import divide_floats, is_float, is_fractional, is_statistic
from penstock.sql.dialects.snowflake import add_back
from penstock.sql.types import Written

_DAYS: Final = 7
_A_MONDAY: Final = "0001-01-01"
_BINARY: Final = "Latin1_General_100_BIN2"
_UTC: Final = "UTC"
_SAMPLE: Final = {Compute.VARIANCE: "VAR", Compute.COUNT_APPROX_DISTINCT: "APPROX_COUNT_DISTINCT"}


class TSQL(Marked):
    name = "tsql"
    keys = 1_000  # 2,100 placeholders are the most

    types: ClassVar[dict[DataType, exp.DType]] = {
        **Marked.types,
        DataType.TIMESTAMP: exp.DType.DATETIME2,
    }

    def write(self, tree: exp.Expr) -> Written:
        divide_floats(tree, self.cast)
        for select in list(tree.find_all(exp.Select)):
            _name_groups(select)
            _put_nulls_last(select)
        return super().write(tree)

    def cast(self, tree: exp.Expr, type_: DataType) -> exp.Expr:
        if type_ is DataType.INTEGER and is_fractional(tree):
            # Its own cast cuts 2.7 down to 2; the others round.
            tree = exp.Round(this=tree, decimals=exp.Literal.number(0))
        return super().cast(tree, type_)

    # Dates and times

    def extract(self, granularity: Granularity, argument: exp.Expr) -> exp.Expr:
        if granularity is Granularity.HOUR_OF_DAY:
            return _call("DATEPART", exp.Var(this="HOUR"), argument)
        if granularity is not Granularity.WEEKDAY:
            return super().extract(granularity, argument)
        # Its own day of the week depends on a setting of the session.
        monday = self.cast(exp.Literal.string(_A_MONDAY), DataType.DATE)
        days = _call("DATEDIFF", exp.Var(this="DAY"), monday, argument)
        rest = exp.Mod(this=days, expression=exp.Literal.number(_DAYS))
        return exp.Paren(this=exp.Add(this=rest, expression=exp.Literal.number(1)))

    def truncate(self, granularity: Granularity, argument: exp.Expr) -> exp.Expr:
        unit = "ISO_WEEK" if granularity is Granularity.WEEK else granularity.value.upper()
        return _call("DATETRUNC", exp.Var(this=unit), argument)

    def back(self, argument: exp.Expr, amount: int, unit: Granularity, type_: DataType) -> exp.Expr:
        return add_back(self, argument, amount, unit, type_)

    def zoned(self, argument: exp.Expr, zone: str) -> exp.Expr:
        if zone != _UTC:
            raise NotSupportedError(
                f"SQL Server does not know the time zone {zone!r} by this name.",
                hint="Ask for UTC, or use another engine for this table.",
            )
        return super().zoned(argument, zone)

    def moment(self, argument: exp.Expr, zone: str) -> exp.Expr:  # noqa: ARG002 - it is one still
        """Return a moment as it is: it was one all the time, and knew its zone."""
        return argument

    # Aggregates

    def aggregate(self, compute: AnyCompute, argument: exp.Expr, type_: DataType) -> exp.Expr:
        if compute in _SAMPLE:
            return _call(_SAMPLE[compute], argument)
        if compute is Compute.SUM and type_ is DataType.INTEGER:
            # A sum of 32 bits has 32 bits.
            argument = self.cast(argument, DataType.INTEGER)
        if compute is Compute.MEDIAN:
            return self.percentile(argument, "0.5")
        if is_statistic(compute) and not is_float(argument):
            # An average of integers is one.
            argument = self.cast(argument, DataType.FLOAT)
        tree = super().aggregate(compute, argument, type_)
        if isinstance(tree, exp.Count):
            tree.set("big_int", True)  # noqa: FBT003 - sqlglot's own flag
        return tree

    def percentile(self, argument: exp.Expr, share: str) -> exp.Expr:  # noqa: ARG002 - as the others
        raise NotSupportedError(
            "SQL Server has no exact percentile or median of a group.",
            hint="Ask for `avg`, or use another engine for this table.",
        )

    # Comparisons: a collation may take capitals and small letters for the same.

    def like(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        return exp.Like(this=_exactly(left), expression=_replaced(pattern, "[", "[[]"))

    def ilike(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        left, pattern = (exp.Lower(this=tree) for tree in (left, pattern))
        return self.like(left, pattern)

    def literal_like(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        like = exp.Like(this=_exactly(left), expression=_replaced(pattern, "[", "\\["))
        return exp.Escape(this=like, expression=exp.Literal.string("\\"))


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _exactly(tree: exp.Expr) -> exp.Expr:
    return exp.Collate(this=tree, expression=exp.Var(this=_BINARY))


def _replaced(pattern: exp.Expr, letter: str, escaped: str) -> exp.Expr:
    """Return a pattern in which `[`, which begins a set of letters here, is a letter."""
    return exp.Replace(
        this=pattern,
        expression=exp.Literal.string(letter),
        replacement=exp.Literal.string(escaped),
    )


def _name_groups(select: exp.Select) -> None:
    """Group by expressions, not by positions, and by all of them instead of DISTINCT.

    What DISTINCT gives can be ordered by nothing but its columns.
    """
    group = select.args.get("group")
    if select.args.get("distinct") is not None:
        select.set("distinct", None)
        select.set("group", exp.Group(expressions=[_selected(o) for o in select.expressions]))
    elif isinstance(group, exp.Group):
        group.set("expressions", [_at(select, position) for position in group.expressions])


def _put_nulls_last(select: exp.Select) -> None:
    order = select.args.get("order")
    if not isinstance(order, exp.Order):
        return
    ways: list[exp.Expr] = []
    for way in order.expressions:
        if not way.args.get("desc"):
            null = exp.Is(this=_at(select, way.this), expression=exp.Null())
            last = exp.If(this=null, true=exp.Literal.number(1))
            ways.append(_ordered(exp.Case(ifs=[last], default=exp.Literal.number(0))))
        ways.append(_ordered(way.this, descending=bool(way.args.get("desc"))))
    order.set("expressions", ways)


def _ordered(tree: exp.Expr, *, descending: bool = False) -> exp.Expr:
    """Order with nulls where they are by themselves: sqlglot adds nothing then."""
    return exp.Ordered(this=tree, desc=descending, nulls_first=not descending)


def _at(select: exp.Select, tree: exp.Expr) -> exp.Expr:
    """Return what a position stands for."""
    if isinstance(tree, exp.Literal) and tree.is_int:
        return _selected(select.expressions[int(tree.name) - 1])
    return tree


def _selected(output: exp.Expr) -> exp.Expr:
    return output.unalias().copy()
