"""How DuckDB says it: the standard is taken from it, so there is hardly a difference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

import msgspec
from sqlglot import exp

from penstock.model.types import DataType
from penstock.query.types import Granularity
from penstock.sql.dialects.standard import Dialect, Lists
from penstock.sql.types import Bound, Writing

_WIDTHS: Final = ((1 << 31, exp.DType.INT), (1 << 63, exp.DType.BIGINT))

# They hold the values of each group, once more for each total: one statement took up to twice as
# long as several.
_HOLDING: Final = (exp.Distinct, exp.Median, exp.PercentileCont)


_DAYS_INTO: Final = {
    Granularity.WEEK: exp.DayOfWeekIso,
    Granularity.MONTH: exp.DayOfMonth,
    Granularity.YEAR: exp.DayOfYear,
}


class DuckDB(Dialect):
    name = "duckdb"
    is_near = True
    nests_joins = True
    exact_means = True
    writes_alone = True
    # Up to 32 values, placeholders were as soon or sooner; of 300 they took a third longer.
    lists: ClassVar[Lists | None] = Lists(
        50, frozenset({DataType.INTEGER, DataType.STRING, DataType.DATE}), Writing.JSON
    )
    keys = 250  # with 2,500 the part alone is sooner, but the whole question was later

    def prepare(self, tree: exp.Expr) -> None:
        """Forget that a part is taken of a moment: sqlglot does not know that the zone is UTC."""
        for part in list(tree.find_all(exp.Extract)):
            moment = part.expression
            moment.type = None
            if isinstance(moment, exp.Cast):  # which says its type itself
                part.set("expression", exp.Paren(this=moment))

    def in_list(self, left: exp.Expr, marked: exp.Expr, type_: DataType) -> exp.Expr:
        if type_ is DataType.STRING:
            # Read as a list of its own it would have other quotes.
            marked = exp.Cast(this=marked, to=exp.DataType(this=exp.DType.JSON, nested=False))
        return super().in_list(left, marked, type_)

    def among(
        self, tree: exp.Expr, type_: DataType, values: Sequence[Bound], first: int
    ) -> tuple[exp.Expr, Sequence[Bound]]:
        """Join with the values of one list: of 250 placeholders it takes twice as long."""
        listed = exp.DataType(
            this=exp.DType.ARRAY,
            expressions=[exp.DataType(this=_narrowest(type_, values), nested=False)],
            nested=True,
        )
        json = exp.Cast(
            this=self.placeholder(first, DataType.STRING),
            to=exp.DataType(this=exp.DType.JSON, nested=False),
        )
        rows = exp.Select(expressions=[exp.Unnest(expressions=[exp.Cast(this=json, to=listed)])])
        return exp.In(this=tree, query=exp.Subquery(this=rows)), (
            msgspec.json.encode(values).decode(),
        )

    def cut_day(self, granularity: Granularity, argument: exp.Expr) -> exp.Expr:
        """Count the days back to the first one: DATE_TRUNC takes half as long again."""
        days = _DAYS_INTO.get(granularity)
        if days is None or not isinstance(argument, exp.Column):
            return super().cut_day(granularity, argument)
        into = exp.Cast(this=days(this=argument), to=exp.DataType(this=exp.DType.INT))
        since = exp.Paren(this=exp.Sub(this=into, expression=exp.Literal.number(1)))
        first = exp.Sub(this=argument.copy(), expression=since)
        # There is no day of a month in 'infinity', which is cut to itself.
        return exp.Coalesce(this=first, expressions=[argument.copy()])

    def totals_with_rows(self, measures: Sequence[exp.Expr], totals: int) -> bool:  # noqa: ARG002 - one is enough
        return not any(measure.find(*_HOLDING) for measure in measures)


def _narrowest(type_: DataType, values: Sequence[Bound]) -> exp.DType:
    """Return the type that all have room in: a join compares the narrow ones sooner."""
    if type_ is DataType.STRING:
        return exp.DType.TEXT
    largest = max((abs(value) for value in values if isinstance(value, int)), default=0)
    return next((type_ for limit, type_ in _WIDTHS if largest < limit), exp.DType.INT128)
