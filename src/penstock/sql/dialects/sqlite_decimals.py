"""Calculations with decimals, of which SQLite makes floats → functions lent to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from penstock.model.types import DataType
from penstock.sql.dialects.kinds import Kinds, find_kinds, inside_out
from penstock.sql.dialects.numbers import is_float
from penstock.sql.dialects.sqlite_formulas import call, number

_AGGREGATES: Final[dict[type[exp.Expr], str]] = {exp.Sum: "penstock_sum", exp.Avg: "penstock_avg"}
_ARITHMETIC: Final[dict[type[exp.Expr], str]] = {
    exp.Add: "penstock_add",
    exp.Sub: "penstock_subtract",
    exp.Mul: "penstock_multiply",
    exp.Mod: "penstock_remainder",
}


def rewrite_decimals(tree: exp.Expr) -> exp.Expr:
    """Say with functions of ours what is surely about decimals, and divide truly."""
    nodes = inside_out(tree)
    kinds = find_kinds(nodes)
    # What is inside of them is still what it was.
    for node in nodes:
        if type(node) in _AGGREGATES:
            tree = _put(tree, node, _aggregated(node, kinds))
    for node in nodes:
        rewrite = _REWRITES.get(type(node))
        if rewrite is not None:
            tree = _put(tree, node, rewrite(node, kinds[id(node)]))
    return tree


def _put(tree: exp.Expr, node: exp.Expr, rewritten: exp.Expr) -> exp.Expr:
    """Put one node for another. Returns the tree, which may be that node."""
    if node is tree:
        return rewritten
    if rewritten is not node:
        node.replace(rewritten)
    return tree


def _aggregated(node: exp.Expr, kinds: Kinds) -> exp.Expr:
    if kinds.get(id(node.this)) is not DataType.DECIMAL:
        return node
    return call(_AGGREGATES[type(node)], node.this)


def _calculated(node: exp.Expr, kind: DataType | None) -> exp.Expr:
    if kind is not DataType.DECIMAL:
        return node
    return call(_ARITHMETIC[type(node)], node.this, node.expression)


def _rounded(node: exp.Expr, kind: DataType | None) -> exp.Expr:
    decimals = node.args.get("decimals") or number(0)
    plain = decimals.this if isinstance(decimals, exp.Neg) else decimals
    if kind is not DataType.DECIMAL or not isinstance(plain, exp.Literal) or not plain.is_int:
        return node
    return call("penstock_decimal", node.this, decimals)


def _divided(node: exp.Expr, kind: DataType | None) -> exp.Expr:
    """Divide floats: a decimal without a fraction is stored as an integer, which loses the rest."""
    if node.args.get("typed") and kind in {None, DataType.INTEGER}:
        return node
    if not is_float(node.this):
        real = exp.DataType(this=exp.DType.DOUBLE, nested=False)
        node.set("this", exp.Cast(this=node.this, to=real))
    node.set("typed", True)  # noqa: FBT003 - so that sqlglot adds no cast of its own
    return node


_Rewrite = Callable[[exp.Expr, DataType | None], exp.Expr]
_REWRITES: Final[dict[type[exp.Expr], _Rewrite]] = {
    **dict.fromkeys(_ARITHMETIC, _calculated),
    exp.Round: _rounded,
    exp.Div: _divided,
}
