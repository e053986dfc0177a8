"""What kind of number a tree gives: how it is calculated with is what engines differ in.

Literals are decimals as they are written. Nobody's guess: of what is not sure there is no kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from sqlglot import exp

from penstock.model.types import DataType

Kinds: TypeAlias = dict[int, DataType | None]
"""The kinds of the nodes of one tree, by their `id`."""

EXACT: Final = "exact"
"""Marks a column of a subquery that gives decimals, whatever its type is taken for."""

_LENT_SUM: Final = "penstock_sum"

# Of the kind of all that they are made of.
_ARITHMETIC: Final = (exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.Coalesce, exp.Greatest, exp.Least)
# Of the kind of what they are about.
_SAME: Final = (
    exp.Paren,
    exp.Neg,
    exp.Abs,
    exp.Round,
    exp.Trunc,
    exp.Nullif,
    exp.Sum,
    exp.Min,
    exp.Max,
    exp.AnyValue,
    exp.FirstValue,
    exp.LastValue,
    exp.NthValue,
    exp.Lag,
    exp.Lead,
    exp.Filter,
    exp.Window,
)
_TYPED: Final = (exp.Column, exp.Placeholder, exp.Var, exp.Subquery)


def find_kinds(nodes: Iterable[exp.Expr]) -> Kinds:
    """Return the kinds of nodes, of which each comes after those inside it."""
    kinds: Kinds = {}
    for node in nodes:
        kinds[id(node)] = _kind(node, kinds)
    return kinds


def is_exact(tree: exp.Expr) -> bool:
    """Whether a tree surely gives decimals; one of literals alone is what an engine makes of it."""
    nodes = list(tree.walk(prune=lambda node: isinstance(node, exp.Query)))
    if not any(isinstance(node, exp.Column | exp.Query) for node in nodes):
        return False
    return find_kinds(reversed(nodes))[id(tree)] is DataType.DECIMAL


def inside_out(tree: exp.Expr) -> list[exp.Expr]:
    """Return the nodes of a tree, each after those inside it."""
    return list(reversed(list(tree.walk())))


def _kind(node: exp.Expr, kinds: Kinds) -> DataType | None:
    for types, read in _READERS:
        if isinstance(node, types):
            return read(node, kinds)
    return None


def _together(parts: Iterable[exp.Expr | None], kinds: Kinds) -> DataType | None:
    """Return the widest kind; a null has any, and the kind of one that is not sure is none."""
    found = {
        kinds.get(id(part))
        for part in parts
        if part is not None and not isinstance(part.unnest(), exp.Null)
    }
    if None in found:
        return None
    order = (DataType.FLOAT, DataType.DECIMAL, DataType.INTEGER)
    return next((kind for kind in order if kind in found), None)


def _of_parts(node: exp.Expr, kinds: Kinds) -> DataType | None:
    return _together([*node.iter_expressions()], kinds)


def _of_this(node: exp.Expr, kinds: Kinds) -> DataType | None:
    return kinds.get(id(node.this))


def _of_distinct(node: exp.Expr, kinds: Kinds) -> DataType | None:
    return _together(node.expressions, kinds)


def _of_branches(node: exp.Expr, kinds: Kinds) -> DataType | None:
    branches = [node] if isinstance(node, exp.If) else node.args["ifs"]
    last = node.args.get("false" if isinstance(node, exp.If) else "default")
    return _together([*(branch.args.get("true") for branch in branches), last], kinds)


def _of_division(node: exp.Expr, kinds: Kinds) -> DataType | None:
    """Return INTEGER for a division that loses the rest: in SQL that means it so."""
    found = _of_parts(node, kinds)
    if found is None:
        return None
    return found if found is DataType.INTEGER and node.args.get("typed") else DataType.FLOAT


def _of_literal(node: exp.Expr, _: Kinds) -> DataType | None:
    if node.is_string:
        return None
    if node.name.isdigit():
        return DataType.INTEGER
    return DataType.FLOAT if "e" in node.name.lower() else DataType.DECIMAL


def _of_type(node: exp.Expr, _: Kinds) -> DataType | None:
    type_ = node.args["to"] if isinstance(node, exp.Cast | exp.TryCast) else node.type
    if node.meta.get(EXACT) or (type_ is not None and type_.is_type(exp.DType.DECIMAL)):
        return DataType.DECIMAL
    if type_ is None:
        return None
    if type_.this in exp.DataType.INTEGER_TYPES:
        return DataType.INTEGER
    return DataType.FLOAT if type_.this in exp.DataType.FLOAT_TYPES else None


def _of_lent(node: exp.Expr, _: Kinds) -> DataType | None:
    return DataType.DECIMAL if node.name.lower() == _LENT_SUM else None


_Reader: TypeAlias = Callable[[exp.Expr, Kinds], DataType | None]
_READERS: Final[tuple[tuple[tuple[type[exp.Expr], ...], _Reader], ...]] = (
    (_TYPED, _of_type),
    ((exp.Literal,), _of_literal),
    (_ARITHMETIC, _of_parts),
    (_SAME, _of_this),
    ((exp.Div,), _of_division),
    ((exp.Cast, exp.TryCast), _of_type),
    ((exp.Case, exp.If), _of_branches),
    ((exp.Distinct,), _of_distinct),
    ((exp.Avg,), lambda _node, _kinds: DataType.FLOAT),
    ((exp.Count,), lambda _node, _kinds: DataType.INTEGER),
    ((exp.Anonymous,), _of_lent),
)
