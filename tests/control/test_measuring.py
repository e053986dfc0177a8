from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event

import pytest

from penstock.control.measuring import Measuring
from penstock.deploy.types import NodeStats
from penstock.errors import DriverUnavailableError

USED = NodeStats(cpu=1.0, memory=2)


@pytest.fixture
def made() -> Iterator[Callable[[Callable[[str], NodeStats | None], float], Measuring]]:
    """Return what makes one; all are closed at the end."""
    all_: list[Measuring] = []

    def make(stats: Callable[[str], NodeStats | None], within: float) -> Measuring:
        all_.append(Measuring(stats, within))
        return all_[-1]

    yield make
    for one in all_:
        one.close()


Make = Callable[[Callable[[str], NodeStats | None], float], Measuring]


def test_who_does_not_tell_in_time_keeps_nobody_waiting_and_is_asked_once(made: Make) -> None:
    told, asked = Event(), list[str]()

    def stats(node: str) -> NodeStats | None:
        asked.append(node)
        if node == "slow":
            told.wait(30)
        return USED

    measuring = made(stats, 2.0)
    assert measuring.of(["fast", "slow"]) == {"fast": USED}
    measuring.within = 0.01
    assert measuring.of(["slow"]) == {}
    assert asked.count("slow") == 1

    told.set()
    measuring.within = 20.0
    assert measuring.of(["slow"]) == {"slow": USED}


def test_an_engine_that_is_away_has_no_figures(made: Make) -> None:
    def stats(node: str) -> NodeStats | None:
        if node == "lost":
            raise DriverUnavailableError("No engine answers")
        return None if node == "ended" else USED

    assert made(stats, 20.0).of(["lost", "ended", "there"]) == {"there": USED}


def test_a_fault_of_ours_is_not_hidden(made: Make) -> None:
    def stats(_: str) -> NodeStats | None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        made(stats, 20.0).of(["any"])
