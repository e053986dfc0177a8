from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from penstock.errors import ManagementError, ManagerUnreachableError
from penstock.events import Event, UsageKept, UsageRefused
from penstock.usage.delivery import Delivery
from penstock.usage.spool import Spool, SpoolLimits
from usage.events import line


@dataclass
class Collector:
    """Takes lines, after it has failed some times. `error` is what it fails with."""

    failures: int = 0
    error: type[ManagementError] = ManagerUnreachableError
    lines: list[bytes] = field(default_factory=list)
    calls: int = 0

    def __call__(self, body: bytes) -> None:
        self.calls += 1
        if self.failures:
            self.failures -= 1
            raise self.error("Not now.")
        self.lines += body.splitlines()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    made = Spool(tmp_path, limits=SpoolLimits(lines=10))
    made.open()
    return made


def eventually(look: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not look():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def test_events_are_delivered_and_forgotten(spool: Spool) -> None:
    collector, events = Collector(failures=2), list[Event]()
    delivery = Delivery(spool, collector, events.append)
    lines = [line(str(number)) for number in range(35)]
    for text in lines:
        spool.append(text)
    delivery.start()
    try:
        eventually(lambda: collector.lines == lines)
    finally:
        delivery.stop(5)
        spool.close()

    assert collector.calls == 6
    assert spool.waiting == 0
    assert events == []


def test_what_is_there_at_the_end_is_delivered_too(spool: Spool) -> None:
    collector = Collector()
    delivery = Delivery(spool, collector, lambda _: None)
    delivery.start()
    spool.append(line("last"))
    delivery.stop(5)
    spool.close()

    assert collector.lines == [line("last")]


def test_what_cannot_be_delivered_at_the_end_stays_on_disk(spool: Spool, tmp_path: Path) -> None:
    collector, events = Collector(failures=1000), list[Event]()
    delivery = Delivery(spool, collector, events.append)
    delivery.start()
    spool.append(line("last"))
    delivery.stop(5)
    spool.close()
    again = Spool(tmp_path)
    again.open()
    batch = again.oldest()
    again.close()

    assert [type(event) for event in events] == [UsageKept]
    assert batch is not None
    assert batch.lines == (line("last"),)


def test_what_will_never_be_taken_is_told_of_and_holds_nothing_up(spool: Spool) -> None:
    collector, events = Collector(failures=1, error=ManagementError), list[Event]()
    delivery = Delivery(spool, collector, events.append)
    for number in range(15):
        spool.append(line(str(number)))
    delivery.start()
    try:
        eventually(lambda: len(collector.lines) == 5)
    finally:
        delivery.stop(5)
        spool.close()

    assert [event.events for event in events if isinstance(event, UsageRefused)] == [10]
