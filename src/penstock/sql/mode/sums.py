"""Sums of whole numbers: exact, or an error, on every engine."""

from __future__ import annotations

from sqlglot import exp

from penstock.model.types import DataType
from penstock.sql.dialects.standard import Dialect
from penstock.sql.mode.types import type_from_sql


def widen_sums(tree: exp.Query, dialect: Dialect) -> exp.Query:
    """Read each sum of integers as an integer; engines widen them each in their own way."""
    for node in [each for each in tree.walk() if isinstance(each, exp.Sum)]:
        if type_from_sql(node.this.type) is not DataType.INTEGER:
            continue
        whole: exp.Expr = node
        while isinstance(whole.parent, exp.Filter | exp.Window) and whole.parent.this is whole:
            whole = whole.parent
        if not isinstance(whole.parent, exp.Cast):
            whole.replace(dialect.cast(whole.copy(), DataType.INTEGER))
    return tree
