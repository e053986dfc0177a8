from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.errors import BusyError
from penstock.node.admission import Admission


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def load(admission: Admission) -> tuple[int, int, int]:
    return admission.running, admission.waiting, admission.refused


def spawn(work: Coroutine[None, None, None]) -> asyncio.Task[None]:
    return asyncio.get_running_loop().create_task(work)


async def hold(admission: Admission, release: asyncio.Event, order: list[int], number: int) -> None:
    async with admission.admit():
        order.append(number)
        await release.wait()


def test_so_many_run_and_the_others_come_in_turn() -> None:
    async def scenario() -> None:
        admission = Admission(2, 10, 10)
        order: list[int] = []
        events = [asyncio.Event() for _ in range(5)]
        tasks = [spawn(hold(admission, event, order, n)) for n, event in enumerate(events)]
        await asyncio.sleep(0)
        assert order == [0, 1]
        assert load(admission) == (2, 3, 0)
        for event in events:
            event.set()
        await asyncio.gather(*tasks)
        assert order == [0, 1, 2, 3, 4]
        assert load(admission) == (0, 0, 0)

    asyncio.run(scenario())


def test_beyond_the_queue_is_refused_at_once() -> None:
    async def scenario() -> None:
        admission, release = Admission(1, 1, 10), asyncio.Event()
        tasks = [spawn(hold(admission, release, [], n)) for n in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(BusyError) as caught:
            await admission.admit().__aenter__()
        assert caught.value.retry_after == 1
        assert load(admission) == (1, 1, 1)
        release.set()
        await asyncio.gather(*tasks)

    asyncio.run(scenario())


def test_who_waits_too_long_is_refused_and_frees_the_place() -> None:
    async def scenario() -> None:
        admission, release = Admission(1, 1, 0.01), asyncio.Event()
        task = spawn(hold(admission, release, [], 0))
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await admission.admit().__aenter__()
        assert load(admission) == (1, 0, 1)
        release.set()
        await task
        async with admission.admit():
            assert admission.running == 1

    asyncio.run(scenario())


def test_who_leaves_the_queue_frees_the_place_and_is_not_refused() -> None:
    async def scenario() -> None:
        admission, release, order = Admission(1, 5, 10), asyncio.Event(), list[int]()
        tasks = [spawn(hold(admission, release, order, n)) for n in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.sleep(0)
        assert load(admission) == (1, 1, 0)
        release.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert order == [0, 2]
        assert load(admission) == (0, 0, 0)

    asyncio.run(scenario())


def test_who_leaves_just_when_the_turn_comes_passes_it_on() -> None:
    async def scenario() -> None:
        admission, order = Admission(1, 5, 10), list[int]()
        events = [asyncio.Event() for _ in range(3)]
        tasks = [spawn(hold(admission, event, order, n)) for n, event in enumerate(events)]
        await asyncio.sleep(0)
        entered = 0.0
        admission.leave(entered)  # in the place of the first: the turn is now the second's
        tasks[1].cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert order == [0, 2]
        assert load(admission) == (1, 0, 0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(scenario())


def test_when_to_come_back_grows_with_the_service_time_and_the_queue() -> None:
    async def scenario() -> None:
        clock = Clock()
        admission, release = Admission(2, 7, 10, clock=clock), asyncio.Event()
        assert admission.retry_after == 1
        async with admission.admit():
            clock.now += 4
        assert admission.retry_after == 2
        tasks = [spawn(hold(admission, release, [], n)) for n in range(9)]
        await asyncio.sleep(0)
        assert admission.retry_after == 16
        with pytest.raises(BusyError, match="queue is full") as caught:
            await admission.admit().__aenter__()
        assert caught.value.retry_after == 16
        release.set()
        await asyncio.gather(*tasks)

    asyncio.run(scenario())


class Crowd:
    """Many who come, stay a little, and some of whom leave at any moment."""

    def __init__(self, admission: Admission, chance: random.Random) -> None:
        self.admission = admission
        self.chance = chance
        self.inside = self.most = 0
        self.refused: list[bool] = []

    async def come(self) -> None:
        try:
            async with self.admission.admit():
                self.inside += 1
                self.most = max(self.most, self.inside)
                try:
                    for _ in range(self.chance.randrange(4)):
                        await asyncio.sleep(0)
                finally:
                    self.inside -= 1
        except BusyError:
            self.refused.append(True)

    async def all_come(self) -> None:
        tasks: list[asyncio.Task[None]] = []
        for _ in range(30):
            tasks.append(spawn(self.come()))
            if self.chance.random() < 0.5:
                await asyncio.sleep(0)
            if self.chance.random() < 0.4:
                self.chance.choice(tasks).cancel()
        async with asyncio.timeout(10):
            await asyncio.gather(*tasks, return_exceptions=True)


@settings(max_examples=100)
@given(st.integers(), st.integers(1, 4), st.integers(0, 6))
def test_never_too_many_at_once_and_no_place_is_lost(
    seed: int, concurrency: int, queue: int
) -> None:
    async def scenario() -> None:
        chance = random.Random(seed)  # noqa: S311 - a repeatable test
        admission = Admission(concurrency, queue, 10 if chance.random() < 0.7 else 0)
        crowd = Crowd(admission, chance)
        await crowd.all_come()
        assert crowd.most <= concurrency
        assert load(admission) == (0, 0, sum(crowd.refused))

    asyncio.run(scenario())
