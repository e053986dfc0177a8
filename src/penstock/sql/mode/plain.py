"""Whether a statement is one of those at which no engine fails, whatever the values are.

Engines convert what is compared, each in its own way, and a value that cannot be converted is an
error. Here is only what nobody has to convert: a list of what is known, not of what is not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlglot import exp

from penstock.model.types import DataType
from penstock.sql.mode.draft import is_pending, read_pending
from penstock.sql.mode.types import type_from_sql

_COMPARED: Final = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between)
_CONNECTED: Final = (exp.And, exp.Or, exp.Not)
_OTHERS: Final = (
    exp.Select,
    exp.From,
    exp.Subquery,
    exp.Table,
    exp.TableAlias,
    exp.Identifier,
    exp.With,
    exp.CTE,
    exp.Alias,
    exp.Column,
    exp.Star,
    exp.Paren,
    exp.Literal,
    exp.Boolean,
    exp.Null,
    exp.Group,
    exp.Order,
    exp.Ordered,
    exp.Limit,
    exp.Offset,
    exp.Distinct,
    exp.Count,
    exp.Sum,
    exp.Avg,
    exp.Min,
    exp.Max,
)
_ALIKE: Final = frozenset({DataType.INTEGER, DataType.FLOAT, DataType.BOOLEAN, DataType.DATE})
"""Columns of these compare as they are. Text may be stored as something else, and decimals have
different digits: one of two columns is converted then."""


def is_plain(tree: exp.Expr) -> bool:
    """Whether a typed tree holds nothing but columns, and comparisons with values of their type."""
    return all(map(_is_known, tree.walk()))


def _is_known(node: exp.Expr) -> bool:
    match node:
        case exp.Where() | exp.Having():
            return _is_condition(node.this)
        case exp.Join():
            on = node.args.get("on")
            return not node.args.get("using") and (on is None or _is_condition(on))
        case exp.Is():
            return isinstance(node.expression, exp.Null)
        case _:
            return _is_known_part(node)


def _is_known_part(node: exp.Expr) -> bool:
    if isinstance(node, _CONNECTED):
        return all(map(_is_condition, node.iter_expressions()))
    if isinstance(node, _COMPARED):
        return not node.args.get("query") and _are_alike(node.iter_expressions())
    return is_pending(node) or isinstance(node, _OTHERS)


def _is_condition(node: exp.Expr) -> bool:
    """Whether it is true or false by what it is: other things engines make so, or fail."""
    tree = node.unnest()
    if isinstance(tree, exp.Column):
        return type_from_sql(tree.type) is DataType.BOOLEAN
    return isinstance(tree, (*_CONNECTED, *_COMPARED, exp.Is, exp.Boolean))


def _are_alike(parts: Iterable[exp.Expr]) -> bool:
    trees = [part.unnest() for part in parts]
    values = [tree for tree in trees if isinstance(tree, exp.Literal) or is_pending(tree)]
    kinds = [type_from_sql(tree.type) for tree in trees if not any(tree is v for v in values)]
    if not kinds or None in kinds or len(set(kinds)) > 1:
        return False
    kind = kinds[0]
    is_alone = len(kinds) == 1
    return (is_alone or kind in _ALIKE) and all(_fits(value, kind) for value in values)


def _fits(value: exp.Expr, kind: DataType | None) -> bool:
    """Whether a value is of the column's type, or is itself what is converted."""
    if is_pending(value):
        return read_pending(value)[1] is kind
    if value.args.get("is_string"):
        return kind is DataType.STRING
    is_number = kind in {DataType.INTEGER, DataType.FLOAT, DataType.DECIMAL}
    return is_number if value.name.isdigit() else kind is DataType.FLOAT
