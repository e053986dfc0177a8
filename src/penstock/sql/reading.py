"""The last look at a statement for databases that would also write: one query, and nothing else."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

_CHECKED: Final = 4_096

_WRITING: Final = (exp.DDL, exp.DML, exp.Command, exp.Into, exp.Set, exp.Use, exp.Lock)


@lru_cache(maxsize=_CHECKED)
def is_reading(text: str, *, dialect: str) -> bool:
    """Whether a text is one statement that only reads, as far as the dialect's grammar tells."""
    try:
        trees = sqlglot.parse(text, dialect=dialect)
    except (SqlglotError, RecursionError):
        return False
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        return False
    return not any(_writes(node) for node in trees[0].walk())


def _writes(node: exp.Expr) -> bool:
    # A query is DDL to sqlglot where it may stand in `CREATE TABLE … AS`.
    return isinstance(node, _WRITING) and not isinstance(node, exp.Query)
