"""QUALIFY → a subquery and a WHERE: few engines have it, and its filter comes before the page."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from penstock.sql.expressions import column, identifier

_PASSES: Final = "row passes"
_BY: Final = "ordered by"
"""Names that hold spaces are none of ours otherwise."""


def qualified(tree: exp.Select, condition: exp.Expr, alias: str) -> exp.Select:
    """Return a SELECT of the rows that pass a condition on windows; both are put into the result.

    What the SELECT is ordered by, and whether it is distinct, is then said of the rows that pass.
    """
    names = [each.alias for each in tree.expressions]
    passes = exp.Case(
        ifs=[exp.If(this=condition, true=exp.Literal.number(1))], default=exp.Literal.number(0)
    )
    extra = [exp.Alias(this=passes, alias=identifier(_PASSES))]
    outer = exp.Select(
        expressions=[exp.Alias(this=column(alias, name), alias=identifier(name)) for name in names],
        where=exp.Where(this=exp.EQ(this=column(alias, _PASSES), expression=exp.Literal.number(1))),
        distinct=tree.args.get("distinct"),
    )
    order = tree.args.get("order")
    if order is not None:
        for number, item in enumerate(order.expressions):
            if not _is_selected(item.this, names):
                name = f"{_BY} {number}"
                extra.append(exp.Alias(this=item.this.copy(), alias=identifier(name)))
                item.set("this", column(alias, name))
        outer.set("order", order)
    for key in ("order", "distinct"):
        tree.set(key, None)
    tree.set("expressions", [*tree.expressions, *extra])
    inner = exp.Subquery(this=tree, alias=exp.TableAlias(this=identifier(alias)))
    outer.set("from_", exp.From(this=inner))
    return outer


def _is_selected(node: exp.Expr, names: list[str]) -> bool:
    return isinstance(node, exp.Column) and not node.table and node.name in names
