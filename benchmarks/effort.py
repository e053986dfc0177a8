"""How long to measure: enough for a table, or only enough to see that it works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """Load runs take `seconds`; downloads are medians of `times`, ratios of `rounds`.

    `turns` are single questions, asked in turn; `rows` are streamed to see the memory it takes.
    """

    seconds: float
    times: int
    rounds: int
    turns: int
    rows: int


FULL = Effort(seconds=3, times=11, rounds=3, turns=600, rows=5_000_000)
QUICK = Effort(seconds=1, times=3, rounds=1, turns=60, rows=500_000)
