"""How Trino says it."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from penstock.model.types import DataType
from penstock.query.types import AnyCompute, Compute
from penstock.sql.dialects.marked import Marked
from penstock.sql.dialects.numbers import interpolate, is_float, is_statistic
from penstock.sql.dialects.standard import Dialect

_HALF: Final = "0.5"
_FIRST_SEMESTER: Final = 6

# Its own percentiles are approximate: the exact one lies between two values of the group, sorted.
# A list of one list is gone through to give that list a name; of no values there is none.
_PERCENTILE: Final = """
ELEMENT_AT(TRANSFORM(
  ARRAY[ARRAY_SORT(ARRAY_AGG(:x) FILTER(WHERE NOT :x IS NULL))],
  v -> ELEMENT_AT(v, CAST(FLOOR((CARDINALITY(v) - 1) * :share) AS BIGINT) + 1)
    + ((CARDINALITY(v) - 1) * :share - FLOOR((CARDINALITY(v) - 1) * :share))
    * (ELEMENT_AT(v, CAST(CEIL((CARDINALITY(v) - 1) * :share) AS BIGINT) + 1)
      - ELEMENT_AT(v, CAST(FLOOR((CARDINALITY(v) - 1) * :share) AS BIGINT) + 1))
), 1)
"""


class Trino(Marked):
    name = "trino"
    keys = 1_000

    def semester(self, argument: exp.Expr) -> exp.Expr:
        return semester_of_year(self, argument)

    def moment(self, argument: exp.Expr, zone: str) -> exp.Expr:  # noqa: ARG002 - it is one still
        """Return a moment as it is: it was one all the time, and knew its zone."""
        return argument

    def aggregate(self, compute: AnyCompute, argument: exp.Expr, type_: DataType) -> exp.Expr:
        if type_ is DataType.FLOAT and (compute is Compute.SUM or is_statistic(compute)):
            # A REAL stays one when summed, with seven digits.
            argument = argument if is_float(argument) else self.cast(argument, DataType.FLOAT)
        if compute is Compute.MEDIAN:
            return self.percentile(argument, _HALF)
        return super().aggregate(compute, argument, type_)

    def percentile(self, argument: exp.Expr, share: str) -> exp.Expr:
        return interpolate(_PERCENTILE, "trino", argument, share)


def semester_of_year(dialect: Dialect, argument: exp.Expr) -> exp.Expr:
    """Return the first day of a half-year, by way of the year's, where no dates are built."""
    late = exp.GT(
        this=exp.Month(this=argument.copy()), expression=exp.Literal.number(_FIRST_SEMESTER)
    )
    months = exp.Case(
        ifs=[exp.If(this=late, true=exp.Literal.number(_FIRST_SEMESTER))],
        default=exp.Literal.number(0),
    )
    year = dialect.cast(exp.TimestampTrunc(this=argument, unit=exp.Var(this="YEAR")), DataType.DATE)
    shifted = exp.DateAdd(this=year, expression=months, unit=exp.Var(this="MONTH"))
    return dialect.cast(shifted, DataType.DATE)
