"""Trees about numbers, for engines whose own numbers are narrower than the language's."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import sqlglot
from sqlglot import exp

from penstock.model.types import DataType
from penstock.query.types import AnyCompute, Compute, Percentile

Casting = Callable[[exp.Expr, DataType], exp.Expr]

_STATISTICS = frozenset({Compute.AVG, Compute.MEDIAN, Compute.STDDEV, Compute.VARIANCE})
_FRACTIONAL = (exp.Div, exp.Avg, exp.Sqrt, exp.Ln, exp.Log, exp.Exp, exp.Pow)


def is_statistic(compute: AnyCompute) -> bool:
    """Whether a compute gives a fraction of whole numbers too."""
    return isinstance(compute, Percentile) or compute in _STATISTICS


def divide_floats(tree: exp.Expr, cast: Casting) -> exp.Expr:
    """Make every division one of floats: integers would lose the rest, decimals some digits."""
    for division in list(tree.find_all(exp.Div)):
        if not is_float(division.this):
            division.set("this", cast(division.this, DataType.FLOAT))
        division.set("typed", True)  # noqa: FBT003 - so that sqlglot adds no cast of its own
    return tree


def is_float(tree: exp.Expr) -> bool:
    return isinstance(tree, exp.Cast) and tree.to.is_type(exp.DType.DOUBLE)


def is_fractional(tree: exp.Expr) -> bool:
    """Whether a tree may give a fraction, as far as can be seen without its columns' types."""
    if tree.find(*_FRACTIONAL) is not None:
        return True
    return any(not literal.is_int for literal in tree.find_all(exp.Literal) if literal.is_number)


def interpolate(text: str, dialect: str, argument: exp.Expr, share: str) -> exp.Expr:
    """Fill `:x` and `:share` into the text of a percentile."""

    def fill(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Placeholder):
            return node
        return argument.copy() if node.name == "x" else exp.Literal.number(share)

    return parsed(text, dialect).transform(fill)


@lru_cache(maxsize=512)
def parsed(text: str, dialect: str) -> exp.Expr:
    """Return the tree of a text, which is everybody's: to be copied before it is changed."""
    return sqlglot.parse_one(text, dialect=dialect)
