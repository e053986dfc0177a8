"""The other nodes of the same API, as a node knows of them: there may be none."""

from __future__ import annotations

from typing import Protocol


class Fellows(Protocol):
    """Each refresh of all nodes has a mark, larger than that of the one before; 0 is none yet."""

    def asked(self) -> int:
        """Return the mark of the last refresh that somebody wanted of all."""

    def ask(self) -> int | None:
        """Have all of them refresh; return the mark of that, None where they cannot be told."""


class NoFellows:
    """There is this node alone."""

    def asked(self) -> int:
        return 0

    def ask(self) -> int | None:
        return 0
