"""Which parts of a formula are floats, and rounding those as most engines do."""

from __future__ import annotations

from typing import Protocol

from sqlglot import exp

from penstock.model.types import DataType
from penstock.sql.dialects.numbers import Casting, is_float

_FLOATS = (exp.Div, exp.Avg, exp.Sqrt, exp.Ln, exp.Log, exp.Exp, exp.Pow, exp.Stddev, exp.Variance)
_CHOICES = (exp.Coalesce, exp.Greatest, exp.Least)


class Filling(Protocol):
    """An expression of an engine's own as text, its `:names` filled."""

    def __call__(self, text: str, **arguments: exp.Expr) -> exp.Expr: ...


def holds_floats(tree: exp.Expr) -> bool:
    """Whether a tree calculates with floats, by what its columns are marked as."""
    for node in tree.walk():
        if isinstance(node, _FLOATS) or is_float(node):
            return True
        if isinstance(node, exp.Column) and node.is_type(exp.DType.FLOAT, exp.DType.DOUBLE):
            return True
    return False


def round_half_away(node: exp.Expr, fill: Filling) -> exp.Expr:
    """Round a float's half away from zero: where it would go to the even neighbour."""
    if not holds_floats(node.this):
        return node
    decimals = node.args.get("decimals")
    if decimals is None:
        return fill("(SIGN(:x) * FLOOR(ABS(:x) + 0.5e0))", x=node.this)
    text = "(SIGN(:x) * FLOOR(ABS(:x) * POWER(10e0, :n) + 0.5e0) / POWER(10e0, :n))"
    return fill(text, x=node.this, n=decimals)


def choose_floats(node: exp.Expr, cast: Casting) -> exp.Expr:
    """Make all values floats of which one is: some engines choose only among equals."""
    if not holds_floats(node):
        return node
    for value in _values(node):
        if not isinstance(value, exp.Null) and not is_float(value):
            value.replace(cast(value.copy(), DataType.FLOAT))
    return node


def _values(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, _CHOICES):
        return [node.this, *node.expressions]
    if isinstance(node, exp.If) and not isinstance(node.parent, exp.Case):
        return [tree for tree in (node.args["true"], node.args.get("false")) if tree is not None]
    if isinstance(node, exp.Case):
        default = node.args.get("default")
        return [
            *(branch.args["true"] for branch in node.args["ifs"]),
            *([default] if default else []),
        ]
    return []
