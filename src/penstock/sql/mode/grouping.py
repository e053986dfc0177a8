"""Rules of a SELECT that groups: what may stand where, said before a database says it its way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlglot import exp

from penstock.errors import ComputeNotAllowedError, SQLSyntaxError
from penstock.sql.mode.allowed import AGGREGATES
from penstock.sql.mode.draft import Draft

_CLAUSES: Final = {"where": "WHERE", "group": "GROUP BY", "on": "ON"}


def aggregates_of(tree: exp.Expr) -> list[exp.Expr]:
    """Return the aggregates of this SELECT's own groups in a tree: no windows, no subqueries."""
    found: list[exp.Expr] = []
    left = [(tree, False)]
    while left:
        node, over = left.pop()
        if isinstance(node, exp.Query):
            continue
        if type(node) in AGGREGATES and not over:
            found.append(node)
        through = over and isinstance(node, exp.Filter | exp.WithinGroup)
        is_over = isinstance(node, exp.Window) or through
        left.extend((child, is_over and child is node.this) for child in node.iter_expressions())
    return found


def windows_of(tree: exp.Expr) -> list[exp.Expr]:
    return [node for node in own_nodes(tree) if isinstance(node, exp.Window)]


def own_nodes(tree: exp.Expr) -> list[exp.Expr]:
    """Return the nodes of a tree that are not of a subquery in it."""
    found, left = [], [tree]
    while left:
        node = left.pop()
        found.append(node)
        if not isinstance(node, exp.Query):
            left.extend(node.iter_expressions())
    return found


def refuse_groups(tree: exp.Expr, clause: str, draft: Draft, node: exp.Expr) -> None:
    """Refuse aggregates and windows where rows are not grouped yet, or are tested one by one."""
    if clause in _CLAUSES and aggregates_of(tree):
        draft.note(
            ComputeNotAllowedError,
            f"{_CLAUSES[clause]} is about rows, and an aggregate about groups of them.",
            "Test aggregates in HAVING.",
            node,
        )
    if clause in {*_CLAUSES, "having"} and windows_of(tree):
        draft.note(
            ComputeNotAllowedError,
            "A window is looked at after the rows are filtered and grouped.",
            "Put it in a WITH, and filter what that gives.",
            node,
        )
    for aggregate in aggregates_of(tree):
        for part in aggregate.iter_expressions():
            if aggregates_of(part) or windows_of(part):
                draft.note(
                    ComputeNotAllowedError,
                    "An aggregate stands inside another aggregate.",
                    "Aggregate in a WITH first.",
                    node,
                )
    for window in windows_of(tree):
        if any(inner is not window for inner in windows_of(window)):
            draft.note(ComputeNotAllowedError, "A window stands inside another window.", None, node)


def refuse_ungrouped(
    trees: Iterable[tuple[exp.Expr, exp.Expr]],
    keys: Sequence[exp.Expr],
    aliases: frozenset[str],
    draft: Draft,
) -> None:
    """Refuse columns that are neither grouped by nor inside an aggregate: they have many values.

    `trees` are ours, each with the caller's node that it comes from.
    """
    for tree, node in trees:
        bare = _bare(tree, keys, aliases)
        if bare is not None:
            draft.note(
                SQLSyntaxError,
                f"The column {bare.name!r} is neither grouped by nor inside an aggregate.",
                "Add it to GROUP BY, or aggregate it: MIN(…), ANY_VALUE(…).",
                node,
            )


def _bare(tree: exp.Expr, keys: Sequence[exp.Expr], aliases: frozenset[str]) -> exp.Column | None:
    left: list[tuple[exp.Expr, bool]] = [(tree, False)]
    while left:
        node, over = left.pop()
        if node in keys or (type(node) in AGGREGATES and not over):
            continue
        if isinstance(node, exp.WithinGroup | exp.Filter) and not over:
            continue
        if isinstance(node, exp.Column) and node.table in aliases:
            return node
        is_window = isinstance(node, exp.Window)
        left.extend((child, is_window and child is node.this) for child in node.iter_expressions())
    return None
