"""Dialects whose placeholders are bare question marks, filled in the order of the text."""

from __future__ import annotations

import re
from typing import Final

from sqlglot import exp

from penstock.model.types import DataType
from penstock.sql.dialects.standard import Dialect
from penstock.sql.types import Written

# Characters for private use: no model has them. The number is lost only when the order is known,
# because a tree is not written in the order in which it was built (`OFFSET ? LIMIT ?`).
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARK: Final = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")


class Marked(Dialect):
    def placeholder(self, number: int, type_: DataType) -> exp.Expr:  # noqa: ARG002 - as the others
        return exp.Var(this=f"{_OPEN}{number}{_CLOSE}")

    def write(self, tree: exp.Expr) -> Written:
        return read_marks(super().write(tree).text)


def read_marks(text: str) -> Written:
    """Put question marks for numbers, and tell which number each of them was."""
    return Written(_MARK.sub("?", text), tuple(int(number) for number in _MARK.findall(text)))
