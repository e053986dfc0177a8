"""Columns as JSON text and the fragments between them → rows as text.

Every shape of a row is the same sentence with other words around the values, so a shape is
written once per answer as a template and filled in once per batch, whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import pyarrow as pa

from penstock.encode.text import joined

Piece: TypeAlias = str | int  # a fragment, or the position of a column

SHARED = -1


@dataclass(frozen=True, slots=True)
class JSONText:
    """A column: JSON between `before` and `after`, which a column with nulls does not have.

    A null is a null here, and `null` once it is filled in.
    """

    values: pa.StringArray
    before: str = ""
    after: str = ""

    @property
    def complete(self) -> pa.StringArray:
        """Every value's whole JSON text, nulls too."""
        return fill((0,), [self]) if self.before or self.after else self.values.fill_null("null")


@dataclass(frozen=True, slots=True)
class Template:
    """`pieces` make a row. `shared` is filled in first and stands wherever `SHARED` does."""

    pieces: tuple[Piece, ...]
    shared: tuple[Piece, ...] = ()


def fill_rows(template: Template, texts: Sequence[JSONText]) -> pa.StringArray:
    """Return one string per row; their characters, taken together, are the rows."""
    if not template.shared:
        return fill(template.pieces, texts)
    return fill(template.pieces, [*texts, JSONText(fill(template.shared, texts))])


def fill(pieces: Sequence[Piece], texts: Sequence[JSONText]) -> pa.StringArray:
    """Join fragments and columns. There must be a column: it says how many rows there are."""
    words: list[pa.StringArray | str] = []
    fragment = ""
    for piece in pieces:
        if isinstance(piece, str):
            fragment += piece
            continue
        text = texts[piece]
        fragment += text.before
        words += [fragment, text.values] if fragment else [text.values]
        fragment = text.after
    return joined(*words, fragment, null="null")
