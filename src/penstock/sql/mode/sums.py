"""Sums of whole numbers, and means of decimals: as exact as they are elsewhere, on every engine."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from penstock.model.types import DataType
from penstock.query.types import Compute
from penstock.sql.dialects.standard import Dialect
from penstock.sql.expressions import column
from penstock.sql.mode.types import type_from_sql

_STATISTICS: Final = (
    exp.Avg,
    exp.Median,
    exp.Stddev,
    exp.StddevPop,
    exp.StddevSamp,
    exp.Variance,
    exp.VariancePop,
)


def settle_aggregates(tree: exp.Query, dialect: Dialect) -> exp.Query:
    """Read each sum of integers as an integer, and make floats of decimals where a mean is one.

    Engines widen sums each in their own way; and the digits of a decimal are too few for a mean.
    """
    for node in list(tree.find_all(exp.Sum, *_STATISTICS)):
        type_ = type_from_sql(_argument(node).type)
        if isinstance(node, exp.Sum) and type_ is DataType.INTEGER:
            _widen(node, dialect)
        elif isinstance(node, _STATISTICS) and type_ is DataType.DECIMAL:
            _make_floats(node, dialect)
    return tree


def _argument(node: exp.Expr) -> exp.Expr:
    inner: exp.Expr = node.this
    found: exp.Expr = inner.expressions[0] if isinstance(inner, exp.Distinct) else inner
    return found


def _widen(node: exp.Expr, dialect: Dialect) -> None:
    """Put what a dialect makes of a sum around the sum with all that is said of it."""
    made = dialect.aggregate(Compute.SUM, _hole(), DataType.INTEGER)
    inner = made if isinstance(made, exp.Sum) else made.find(exp.Sum)
    if inner is None:
        return
    _put_around(_argument(node), inner.this)
    whole: exp.Expr = node
    while isinstance(whole.parent, exp.Filter | exp.Window) and whole.parent.this is whole:
        whole = whole.parent
    if inner is not made and not isinstance(whole.parent, exp.Cast):
        whole.replace(made)
        inner.replace(whole)


def _make_floats(node: exp.Expr, dialect: Dialect) -> None:
    if not (isinstance(node, exp.Avg) and dialect.exact_means):
        _put_around(_argument(node), dialect.cast(_hole(), DataType.FLOAT))


def _hole() -> exp.Column:
    return column("what is", "to be put here")


def _put_around(tree: exp.Expr, made: exp.Expr) -> None:
    """Put a tree, not a copy of it, into what has been made around a hole."""
    hole = made.find(exp.Column)
    if hole is None or hole is made:
        return
    tree.replace(made)
    hole.replace(tree)
