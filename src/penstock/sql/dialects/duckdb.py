"""How DuckDB says what no standard says."""

from __future__ import annotations

from sqlglot import exp

from penstock.query.types import Granularity

name = "duckdb"

_WHOLE = {
    Granularity.SECOND: "SECOND",
    Granularity.MINUTE: "MINUTE",
    Granularity.HOUR: "HOUR",
    Granularity.WEEK: "WEEK",
    Granularity.MONTH: "MONTH",
    Granularity.QUARTER: "QUARTER",
    Granularity.YEAR: "YEAR",
}


def placeholder(number: int) -> exp.Expr:
    return exp.Placeholder(this=str(number))


def truncate(granularity: Granularity, argument: exp.Expr) -> exp.Expr:
    """Cut a date or timestamp short; weeks start on Monday (ISO)."""
    return exp.TimestampTrunc(this=argument, unit=exp.Var(this=_WHOLE[granularity]))
