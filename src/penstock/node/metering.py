"""The usage of a node with a manager: spooled, delivered, and shown to whoever operates it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from penstock.events import Observer
from penstock.link.client import ManagerClient, send_usage
from penstock.node.metrics import Figure
from penstock.usage.delivery import Delivery
from penstock.usage.event import Source
from penstock.usage.meter import Meter
from penstock.usage.spool import Spool

_GRACE: Final = 6.0  # seconds that delivery has when the node stops: what is left stays on disk


@dataclass(frozen=True, slots=True)
class Metering:
    meter: Meter
    spool: Spool

    def figures(self) -> list[Figure]:
        spool, counts = self.spool, self.spool.figures
        return [
            ("usage_recorded", "Usage events since the start.", counts.recorded),
            ("usage_delivered", "Usage events that the manager has confirmed.", counts.delivered),
            ("usage_lost", "Usage events that nothing had room for.", counts.lost),
            ("usage_spool_bytes", "Bytes of usage events on disk.", spool.waiting),
            ("usage_held", "Usage events in memory alone.", spool.held),
        ]

    def warnings(self) -> dict[str, str]:
        problem, lost = self.spool.problem, self.spool.figures.lost
        if problem is not None:
            return {"usage": f"{problem} Lost so far: {lost}."}
        return {"usage": f"Usage events lost so far: {lost}."} if lost else {}


@contextmanager
def metering(
    client: ManagerClient, source: Source, folder: Path, observe: Observer
) -> Iterator[Metering]:
    """Meter until the end of the context, then deliver what is left. Raises ConflictError."""
    spool = Spool(folder, observe)
    spool.open()
    try:
        with client.open() as connection:
            delivery = Delivery(spool, partial(send_usage, connection), observe)
            delivery.start()
            try:
                yield Metering(Meter(source, spool), spool)
            finally:
                delivery.stop(_GRACE)
    finally:
        spool.close()
