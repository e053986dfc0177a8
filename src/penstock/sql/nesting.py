"""Joins in a row → joins of joins: what hangs on a joined table is joined to it, not to the rows.

Each row of the fact then looks up one table in place of all that lead on from it. It is the same:
a row without a partner has none further on either, since an equality with null is never true.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from penstock.plan.types import Join


def nest_joins(joins: Sequence[Join], trees: Sequence[exp.Join]) -> list[exp.Join]:
    """Return the joins of the first table, the others inside of them; a tree for each join."""
    made = {join.scan.alias: tree for join, tree in zip(joins, trees, strict=True)}
    roots, hanging = [], dict[str, list[exp.Join]]()
    for join, tree in zip(joins, trees, strict=True):
        parents = {own.scan for own, _ in join.keys}
        parent = parents.pop() if len(parents) == 1 else None
        if parent in made:
            hanging.setdefault(parent, []).append(tree)
        else:
            roots.append(tree)
    for alias, inner in hanging.items():
        table = made[alias].this
        table.set("joins", inner)
        made[alias].set("this", exp.Subquery(this=table))
    return roots
