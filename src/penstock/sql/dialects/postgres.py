"""How PostgreSQL says it, whatever the collation of its database."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import ClassVar, Final

from sqlglot import exp

from penstock.model.types import DataType
from penstock.query.types import AnyCompute, Compute, Granularity
from penstock.sql.dialects.standard import Dialect, Lists
from penstock.sql.types import Writing, Written

_PARTS: Final = {
    Granularity.WEEKDAY: "ISODOW",
    Granularity.MONTH_OF_YEAR: "MONTH",
    Granularity.HOUR_OF_DAY: "HOUR",
    Granularity.DAY_OF_MONTH: "DAY",
}
_LOGICAL: Final = {Compute.MIN: "BOOL_AND", Compute.MAX: "BOOL_OR"}
_EXTREMES: Final = frozenset({Compute.MIN, Compute.MAX})
_TEXTS: Final = frozenset({DataType.STRING, DataType.JSON})
_OF_A_DAY: Final = frozenset({Granularity.SECOND, Granularity.MINUTE, Granularity.HOUR})


_WORDS: Final[dict[type[exp.Expr], str]] = {
    exp.Week: "WEEK",
    exp.Quarter: "QUARTER",
    exp.Hour: "HOUR",
    exp.Minute: "MINUTE",
    exp.Second: "SECOND",
    exp.DayOfWeek: "DOW",
    exp.DayOfMonth: "DAY",
    exp.DayOfYear: "DOY",
}


class Postgres(Dialect):
    name = "postgres"
    converts_safely = True
    exact_means = True
    writes_alone = True
    # It hashes lists of nine and more, where they are of the column's own type.
    lists: ClassVar[Lists | None] = Lists(
        9, frozenset({DataType.INTEGER, DataType.STRING, DataType.DATE}), Writing.ARRAY
    )

    def write(self, tree: exp.Expr) -> Written:
        for node in list(tree.find_all(*_WORDS, exp.Round, exp.DateDiff)):
            rewritten = _rewritten(node)
            if node is tree:
                tree = rewritten
            else:
                node.replace(rewritten)
        return super().write(tree)

    def placeholder(self, number: int, type_: DataType) -> exp.Expr:  # noqa: ARG002 - the driver sends it
        return exp.Parameter(this=exp.Literal.number(number))

    def column(self, tree: exp.Expr, type_: DataType) -> exp.Expr:
        # `json` equals nothing and has no order; as text it is what it is elsewhere.
        return self.cast(tree, DataType.STRING) if type_ is DataType.JSON else tree

    def ordering(self, tree: exp.Expr, type_: DataType) -> exp.Expr:
        """Return text so that it is ordered by code points, and not by somebody's dictionary."""
        if type_ not in _TEXTS:
            return tree
        text = self.cast(tree, DataType.STRING)  # an enum's order is its own, a uuid has no pattern
        return exp.Collate(this=text, expression=exp.Identifier(this="C", quoted=True))

    def nothing(self, type_: DataType) -> exp.Expr:
        if type_ is DataType.DECIMAL:
            # Two nulls above a number would be two texts.
            return exp.Cast(this=exp.Null(), to=exp.DataType(this=exp.DType.DECIMAL, nested=False))
        return super().nothing(type_)

    def partner(self, tree: exp.Expr) -> exp.Expr:
        """Return lists as alternatives, which it tests of the rows that it finds by their keys.

        A list on a column of the index is looked for by the index too: it then does not see that
        it could remember what it found, and sorts both sides instead (twice the time).
        """
        return tree.transform(_alternatives, copy=False)

    def totals_with_rows(self, measures: Sequence[exp.Expr], totals: int) -> bool:  # noqa: ARG002 - of any kind
        # It groups by sets in one process, and by one set in as many as it may: with one total
        # that took 1.2 times as long.
        return totals > 1

    # Dates and times

    def extract(self, granularity: Granularity, argument: exp.Expr) -> exp.Expr:
        part = exp.Extract(this=exp.Var(this=_PARTS[granularity]), expression=argument)
        return self.cast(part, DataType.INTEGER)

    def truncate(self, granularity: Granularity, argument: exp.Expr) -> exp.Expr:
        if granularity not in _OF_A_DAY:
            # Of a date it would make a moment in a time zone, ten times as slowly.
            argument = self.cast(argument, DataType.TIMESTAMP)
        return super().truncate(granularity, argument)

    def date(self, year: exp.Expr, month: exp.Expr) -> exp.Expr:
        narrow = exp.DataType(this=exp.DType.INT, nested=False)
        casts = [exp.Cast(this=part, to=narrow.copy()) for part in (year, month)]
        return exp.Anonymous(this="MAKE_DATE", expressions=[*casts, exp.Literal.number(1)])

    # Aggregates

    def aggregate(self, compute: AnyCompute, argument: exp.Expr, type_: DataType) -> exp.Expr:
        if compute is Compute.COUNT_APPROX_DISTINCT:
            return super().aggregate(Compute.COUNT_DISTINCT, argument, type_)
        if compute is Compute.MEDIAN:
            return self.percentile(argument, "0.5")
        if isinstance(compute, Compute) and compute in _EXTREMES:
            return self._extreme(compute, argument, type_)
        if type_ is not DataType.FLOAT:
            return super().aggregate(compute, argument, type_)
        if compute is Compute.SUM:
            # A sum of floats of four bytes is one of four bytes.
            return super().aggregate(compute, self.cast(argument, type_), type_)
        return self.cast(super().aggregate(compute, argument, type_), type_)

    def _extreme(self, compute: Compute, argument: exp.Expr, type_: DataType) -> exp.Expr:
        if type_ is DataType.BOOLEAN:
            return exp.Anonymous(this=_LOGICAL[compute], expressions=[argument])
        return super().aggregate(compute, self.ordering(argument, type_), type_)

    def percentile(self, argument: exp.Expr, share: str) -> exp.Expr:
        order = exp.Order(expressions=[exp.Ordered(this=argument, nulls_first=False)])
        share_ = exp.PercentileCont(this=exp.Literal.number(share))
        return exp.WithinGroup(this=share_, expression=order)

    # Comparisons

    def like(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        return _unescaped(exp.Like(this=self.cast(left, DataType.STRING), expression=pattern))

    def ilike(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        return _unescaped(exp.ILike(this=self.cast(left, DataType.STRING), expression=pattern))

    def literal_like(self, left: exp.Expr, pattern: exp.Expr) -> exp.Expr:
        like = exp.Like(this=self.cast(left, DataType.STRING), expression=pattern)
        return exp.Escape(this=like, expression=exp.Literal.string("\\"))

    def in_list(self, left: exp.Expr, marked: exp.Expr, type_: DataType) -> exp.Expr:
        if type_ is DataType.INTEGER:
            # A join hashes integers of different widths; an array of them it would go through.
            return super().in_list(left, marked, type_)
        if type_ is DataType.DATE:
            day = exp.DataType(this=exp.DType.DATE, nested=False)
            listed = exp.DataType(this=exp.DType.ARRAY, expressions=[day], nested=True)
            marked = exp.Cast(this=marked, to=listed)
        # A list of texts is taken for what it is compared with: an enum's values, a uuid's.
        return exp.EQ(this=left, expression=exp.Any(this=exp.Paren(this=marked)))

    def same(self, left: exp.Expr, right: exp.Expr) -> exp.Expr:
        """Compare as members of arrays: null equals null there, and a hash join can do it.

        `IS NOT DISTINCT FROM` compares each row with each other row.
        """
        ours, theirs = (exp.Array(expressions=[side]) for side in (left, right))
        return exp.EQ(this=ours, expression=theirs)


def _alternatives(node: exp.Expr) -> exp.Expr:
    if not isinstance(node, exp.In) or not node.expressions:
        return node  # a long list is a query's
    each: list[exp.Expr] = [
        exp.EQ(this=node.this.copy(), expression=value) for value in node.expressions
    ]
    return exp.Paren(this=reduce(lambda left, right: exp.Or(this=left, expression=right), each))


def _rewritten(node: exp.Expr) -> exp.Expr:
    """Say in PostgreSQL's words what formulas may say."""
    if type(node) in _WORDS:
        return exp.Extract(this=exp.Var(this=_WORDS[type(node)]), expression=node.this)
    if isinstance(node, exp.DateDiff):
        return _difference(node)
    if node.args.get("decimals") is not None:
        # It rounds decimals to some digits, floats to whole numbers only.
        exact = exp.Cast(this=node.this, to=exp.DataType(this=exp.DType.DECIMAL, nested=False))
        node.set("this", exact)
    return node


def _difference(node: exp.DateDiff) -> exp.Expr:
    """Return days as the difference of dates; by way of seconds it takes three times as long."""
    if node.text("unit").upper() not in {"", "DAY"}:
        return node
    day = exp.DataType(this=exp.DType.DATE, nested=False)
    later, earlier = (exp.Cast(this=of, to=day.copy()) for of in (node.this, node.expression))
    return exp.Paren(this=exp.Sub(this=later, expression=earlier))


def _unescaped(like: exp.Expr) -> exp.Expr:
    r"""In SQL a pattern has no character that takes the next one as it is; here `\` would."""
    return exp.Escape(this=like, expression=exp.Literal.string(""))
