from __future__ import annotations

from threading import Event
from threading import enumerate as enumerate_threads
from time import monotonic

from penstock.engine.deadlines import Deadlines


class Work:
    """Counts its expiries, and is done after `enough` of them."""

    def __init__(self, deadlines: Deadlines, enough: int = 1) -> None:
        self.deadlines = deadlines
        self.enough = enough
        self.times = 0
        self.done = Event()
        self.abandoned = False

    def expire(self) -> None:
        self.times += 1
        if self.times == self.enough:
            self.deadlines.forget(self)
            self.done.set()

    def abandon(self) -> None:
        self.abandoned = True


def test_what_is_overdue_expires_until_it_is_forgotten() -> None:
    deadlines = Deadlines()
    once, stubborn = Work(deadlines), Work(deadlines, enough=3)
    deadlines.watch(once, monotonic())
    deadlines.watch(stubborn, monotonic() + 0.01)

    assert once.done.wait(10)
    assert stubborn.done.wait(10)
    assert (once.times, stubborn.times) == (1, 3)
    deadlines.close()


def test_an_earlier_deadline_is_not_kept_waiting_by_a_later_one() -> None:
    deadlines = Deadlines()
    late, early = Work(deadlines), Work(deadlines)
    deadlines.watch(late, monotonic() + 3600)
    deadlines.watch(early, monotonic() + 0.01)

    assert early.done.wait(10)
    assert late.times == 0
    deadlines.close()


def test_to_close_abandons_what_is_still_watched() -> None:
    deadlines = Deadlines()
    left, over = Work(deadlines), Work(deadlines)
    deadlines.watch(left, monotonic() + 3600)
    deadlines.watch(over, monotonic() + 3600)
    deadlines.forget(over)
    deadlines.close()

    assert (left.abandoned, over.abandoned) == (True, False)


def test_a_second_call_moves_the_deadline() -> None:
    deadlines = Deadlines()
    work = Work(deadlines)
    deadlines.watch(work, monotonic() + 3600)
    deadlines.watch(work, monotonic())

    assert work.done.wait(10)
    deadlines.close()


def test_a_thousand_deadlines_take_one_thread() -> None:
    before, deadlines = set(enumerate_threads()), Deadlines()
    works = [Work(deadlines) for _ in range(1000)]
    for work in works:
        deadlines.watch(work, monotonic() + 0.05)

    new = set(enumerate_threads()) - before
    assert [thread.name for thread in new].count("deadlines") == 1
    assert all(work.done.wait(10) for work in works)
    deadlines.close()


def test_what_is_forgotten_never_expires() -> None:
    deadlines = Deadlines()
    forgotten, last = Work(deadlines), Work(deadlines)
    deadlines.watch(forgotten, monotonic() + 0.02)
    deadlines.watch(last, monotonic() + 0.05)
    deadlines.forget(forgotten)

    assert last.done.wait(10)
    assert forgotten.times == 0
    deadlines.close()
