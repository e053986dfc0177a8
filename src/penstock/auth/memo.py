"""A dict that does not grow without end."""

from __future__ import annotations

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


def remember(memo: dict[K, V], key: K, value: V, *, limit: int) -> None:
    """Keep a value, forgetting everything when the memo is full.

    Forgetting all is one atomic step, so readers in other threads need no lock; throwing out the
    oldest would iterate, and an iteration breaks when another thread writes.
    """
    if len(memo) >= limit:
        memo.clear()
    memo[key] = value
