from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.cache.single_flight import SingleFlight, is_deterministic
from penstock.errors import (
    NoTableError,
    PenstockError,
    QueryTimeoutError,
    ResultOverflowError,
    SeveralErrors,
    UnavailableError,
)

Produce = Callable[[], Awaitable[int | None]]


async def fetch(flights: SingleFlight[int], produce: Produce) -> int | None:
    """As a node does it; `produce` returns None for an answer too large to share."""
    joined = await flights.join(b"key")
    if joined is not None:
        return joined
    async with flights.lead(b"key") as flight:
        value = await produce()
        if value is not None:
            flight.land(value)
        return value


class Producer:
    def __init__(self, *outcomes: int | BaseException | None) -> None:
        self.outcomes = list(outcomes)
        self.runs = 0

    async def __call__(self) -> int | None:
        self.runs += 1
        outcome = self.outcomes[min(self.runs, len(self.outcomes)) - 1]
        await asyncio.sleep(0.01)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


async def gather(
    flights: SingleFlight[int], produce: Producer, count: int = 10
) -> list[int | BaseException | None]:
    return await asyncio.gather(
        *(fetch(flights, produce) for _ in range(count)), return_exceptions=True
    )


def test_many_requests_for_one_answer_compute_it_once() -> None:
    flights, produce = SingleFlight[int](), Producer(7)

    assert asyncio.run(gather(flights, produce)) == [7] * 10
    assert produce.runs == 1
    assert len(flights) == 0


def test_different_keys_do_not_wait_for_each_other() -> None:
    async def scenario() -> None:
        flights = SingleFlight[int]()
        async with flights.lead(b"a"), flights.lead(b"b"):
            assert await flights.join(b"c") is None
            assert len(flights) == 2

    asyncio.run(scenario())


@pytest.mark.parametrize("error", [NoTableError("no"), ResultOverflowError("too large")])
def test_an_error_of_the_query_is_everybodys(error: PenstockError) -> None:
    flights, produce = SingleFlight[int](), Producer(error)

    assert asyncio.run(gather(flights, produce)) == [error] * 10
    assert produce.runs == 1
    assert len(flights) == 0


@pytest.mark.parametrize(
    "error", [UnavailableError("down"), QueryTimeoutError("slow"), ValueError()]
)
def test_another_error_is_the_leaders_alone(error: Exception) -> None:
    flights, produce = SingleFlight[int](), Producer(error, 7)

    assert asyncio.run(gather(flights, produce)) == [error] + [7] * 9
    assert produce.runs == 2


def test_a_large_answer_is_computed_by_everybody() -> None:
    flights, produce = SingleFlight[int](), Producer(None)

    assert asyncio.run(gather(flights, produce)) == [None] * 10
    assert produce.runs == 10
    assert len(flights) == 0


def test_who_declines_early_lets_the_others_start_at_once() -> None:
    async def scenario() -> None:
        flights = SingleFlight[int]()
        async with flights.lead(b"key") as flight:
            follower = asyncio.ensure_future(flights.join(b"key"))
            await asyncio.sleep(0)
            flight.decline()
            assert await follower is None
            assert await flights.join(b"key") is None

    asyncio.run(scenario())


def test_a_leader_that_leaves_does_not_fail_the_others() -> None:
    async def scenario() -> None:
        flights, produce = SingleFlight[int](), Producer(7)
        tasks = [asyncio.ensure_future(fetch(flights, produce)) for _ in range(10)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(found[0], asyncio.CancelledError)
        assert found[1:] == [7] * 9
        assert produce.runs == 2

    asyncio.run(scenario())


@pytest.mark.parametrize("heir", ["leaves", "does something else"])
def test_an_heir_that_does_not_lead_passes_it_on(heir: str) -> None:
    async def scenario() -> None:
        flights = SingleFlight[int]()
        followers: list[asyncio.Task[int | None]] = []

        async def fail() -> None:
            async with flights.lead(b"key"):
                followers.extend(asyncio.create_task(flights.join(b"key")) for _ in range(2))
                await asyncio.sleep(0)
                raise UnavailableError("down")

        with pytest.raises(UnavailableError):
            await fail()
        if heir == "leaves":
            followers[0].cancel()
        assert await followers[1] is None
        async with flights.lead(b"key") as flight:
            flight.land(7)
        assert len(flights) == 0

    asyncio.run(scenario())


def test_who_leads_without_joining_disturbs_nobody() -> None:
    async def scenario() -> None:
        flights = SingleFlight[int]()
        async with flights.lead(b"key") as flight:
            follower = asyncio.ensure_future(flights.join(b"key"))
            await asyncio.sleep(0)
            async with flights.lead(b"key") as other:
                other.land(8)
            flight.land(7)
        assert await follower == 7
        assert len(flights) == 0

    asyncio.run(scenario())


@settings(max_examples=50)
@given(st.integers(), st.integers(1, 12))
def test_whoever_leaves_nobody_is_left_waiting(seed: int, count: int) -> None:
    async def scenario() -> None:
        chance = random.Random(seed)  # noqa: S311 - a repeatable test
        flights = SingleFlight[int]()

        async def produce() -> int | None:
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
            if chance.random() < 0.3:
                raise UnavailableError("down")
            return None if chance.random() < 0.2 else 7

        tasks = [asyncio.ensure_future(fetch(flights, produce)) for _ in range(count)]
        for _ in range(6):
            await asyncio.sleep(0)
            if chance.random() < 0.7:
                chance.choice(tasks).cancel()
        async with asyncio.timeout(10):
            found = await asyncio.gather(*tasks, return_exceptions=True)
        assert len(flights) == 0
        for outcome in found:
            assert outcome in {7, None} or isinstance(
                outcome, asyncio.CancelledError | UnavailableError
            )

    asyncio.run(scenario())


def test_several_errors_are_deterministic_if_each_is() -> None:
    query, other = NoTableError("no"), UnavailableError("down")

    assert is_deterministic(SeveralErrors([query, query]))
    assert not is_deterministic(SeveralErrors([query, other]))
