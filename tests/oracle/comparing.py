"""Two answers → where they differ, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from oracle.asking import Row, Rows

FLOATS = 1e-9
SHOWN = 8


@dataclass(frozen=True, slots=True)
class Comparison:
    """`within`: how far floats may be off, relatively; of approximations, whole numbers too."""

    within: float = FLOATS
    approximate: bool = False

    def is_same(self, ours: object, theirs: object) -> bool:
        """Compare two values: floats nearly, all else exactly, and of the same kind."""
        if ours is None or theirs is None:
            return ours is theirs
        if isinstance(ours, float) or self.approximate:
            return self._is_close(ours, theirs)
        return type(ours) is type(theirs) and ours == theirs

    def _is_close(self, ours: object, theirs: object) -> bool:
        if not isinstance(ours, float | int) or not isinstance(theirs, float | int | Decimal):
            return type(ours) is type(theirs) and ours == theirs
        if isinstance(theirs, bool):
            return False
        if math.isnan(ours):
            return math.isnan(theirs)
        return math.isclose(ours, theirs, rel_tol=self.within)

    def is_same_row(self, ours: Row, theirs: Row) -> bool:
        return len(ours) == len(theirs) and all(map(self.is_same, ours, theirs))

    def differences(self, ours: Rows, theirs: Rows) -> list[str]:
        """Return the first rows that differ, each as the two answers have it; none if all agree."""
        found = list(self._differing(ours, theirs))
        if not found:
            return []
        more = [f"… and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
        count = f"{len(ours)} rows, by hand {len(theirs)}; {len(found)} differ"
        return [count, *found[:SHOWN], *more]

    def _differing(self, ours: Rows, theirs: Rows) -> Iterator[str]:
        for i in range(max(len(ours), len(theirs))):
            our = ours[i] if i < len(ours) else None
            their = theirs[i] if i < len(theirs) else None
            if our is None or their is None or not self.is_same_row(our, their):
                yield f"row {i}\n   Penstock {our}\n   by hand  {their}"
