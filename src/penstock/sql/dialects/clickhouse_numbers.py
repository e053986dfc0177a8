"""Calculations that ClickHouse begins anew where a number is too large, or cuts → exact ones."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from penstock.model.types import DataType
from penstock.sql.dialects.clickhouse_formulas import fill
from penstock.sql.dialects.kinds import find_kinds, inside_out

_SIGNS: Final[dict[type[exp.Expr], str]] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*"}
_REMAINDER: Final = "modulo(toDecimal128(:x, 18), toDecimal128(:y, 18))"


def rewrite_numbers(tree: exp.Expr) -> exp.Expr:
    """Give whole numbers room, and decimals of one remainder the same digits after the point."""
    nodes = inside_out(tree)
    kinds = find_kinds(nodes)
    for node in nodes:
        text = _text(node, kinds[id(node)])
        if text is None:
            continue
        rewritten = fill(text, x=node.this, y=node.expression)
        if node is tree:
            return rewritten  # it is the last of them
        node.replace(rewritten)
    return tree


def _text(node: exp.Expr, kind: DataType | None) -> str | None:
    if isinstance(node, exp.Mod):
        return _REMAINDER if kind is DataType.DECIMAL else None
    sign = _SIGNS.get(type(node))
    if sign is None or kind is not DataType.INTEGER or node.find(exp.Column) is None:
        return None
    return f"accurateCast(toInt128(:x) {sign} toInt128(:y), 'Nullable(Int64)')"
