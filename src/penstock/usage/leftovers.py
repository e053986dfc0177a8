"""The spool of a node that is no more → whoever stores usage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from penstock.errors import StateError
from penstock.usage.event import UsageEvent, UsageUnreadableError, decode_events
from penstock.usage.spool import FOLDER, Spool

Take = Callable[[Sequence[UsageEvent]], object]


@dataclass(frozen=True, slots=True)
class Leftovers:
    """How many events were taken, and how many were there and could not be read."""

    delivered: int
    lost: int


def deliver_leftovers(folder: Path, take: Take) -> Leftovers:
    """Hand over every event that a node left in its state folder.

    A file is removed once `take` has returned: what it raises is raised here, and nothing is lost.
    Raises ConflictError while the node runs, StateError where the folder cannot be read.
    """
    if not (folder / FOLDER).is_dir():
        return Leftovers(0, 0)
    spool = Spool(folder / FOLDER)
    spool.open()
    try:
        if spool.problem is not None:
            raise StateError(spool.problem, hint=f"Look at {folder / FOLDER}.")
        while (batch := spool.oldest()) is not None:
            try:
                events = decode_events(batch.body)
            except UsageUnreadableError:
                spool.figures.lost += len(batch.lines)
                spool.refuse(batch)
                continue
            take(events)
            spool.confirm(batch)
    finally:
        spool.close()
    return Leftovers(spool.figures.delivered, spool.figures.lost)
