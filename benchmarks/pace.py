"""How fast the machine is at the moment: the same work, now and then, as long as a run takes."""

from __future__ import annotations

import time
from collections.abc import Sequence

_ADDITIONS = 5_000_000


def measure_pace() -> float:
    """Return the seconds that a loop of additions takes."""
    begun, total = time.perf_counter(), 0
    for number in range(_ADDITIONS):
        total += number
    return time.perf_counter() - begun


def tell_paces(paces: Sequence[float]) -> str:
    """Say between which bounds the machine was, so that figures of two runs can be compared."""
    fastest, slowest = min(paces), max(paces)
    return (
        f"Before each part a Python loop of {_ADDITIONS:,} additions took "
        f"{fastest:.2f} to {slowest:.2f} s: absolute figures change with that."
    )
