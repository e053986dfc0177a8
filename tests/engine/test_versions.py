from __future__ import annotations

from itertools import count

from penstock.engine.versions import Versions
from penstock.errors import UnavailableError


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def test_a_version_is_looked_at_again_after_a_moment() -> None:
    clock, looks = Clock(), count()
    versions = Versions(lambda: str(next(looks)), clock)
    first, soon = versions.read(now=False), versions.read(now=False)
    clock.time = 1.0

    assert (first, soon) == ("0", "0")
    assert versions.read(now=False) == "1"


def test_who_asks_for_now_gets_the_version_of_now() -> None:
    looks = count()
    versions = Versions(lambda: str(next(looks)), Clock())

    assert [versions.read(now=True) for _ in range(3)] == ["0", "1", "2"]


def test_a_database_that_does_not_answer_has_no_version() -> None:
    def look() -> str:
        raise UnavailableError("The database cannot be reached at the moment.")

    assert Versions(look, Clock()).read(now=False) is None
