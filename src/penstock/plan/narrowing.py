"""Where the rows of one fragment tell which rows of another are of any use."""

from __future__ import annotations

from typing import Final

from penstock.model.types import DataType
from penstock.plan.types import ColumnOf, Narrowing, Scan

MOST: Final = 10_000
"""Keys in one list: with more of them, rows are sooner read than compared."""

FEW: Final = 100_000
"""Rows of a table that are as soon read as looked up."""

_EQUAL_EVERYWHERE: Final = frozenset({DataType.INTEGER, DataType.STRING})


def narrowed(
    scan: Scan, key: ColumnOf, by: str, other: ColumnOf, *, most: int = MOST
) -> tuple[Narrowing, ...]:
    """Return how to read of `scan` only the rows whose key the fragment `by` has.

    Nothing where it does not pay, or where equal keys might not be equal to both databases.
    """
    is_same = key.type is other.type and key.type in _EQUAL_EVERYWHERE
    if not is_same or (scan.rows is not None and scan.rows <= FEW):
        return ()
    return (Narrowing(key.column, key.type, by, other.column, most),)


def most_of(scan: Scan) -> int:
    """Return how many keys of a table are worth a list: half of all, and more, leave out little."""
    return MOST if scan.rows is None else min(MOST, scan.rows // 2)
