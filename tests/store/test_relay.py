"""Rings between managers, by a real Redis."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from penstock.errors import ConfigurationError
from penstock.events import Event, SignalsFound, SignalsLost
from penstock.store.relay import relayed
from penstock.store.signals import Bell, Ring
from support.redis_server import RedisServer, find_program, run_redis


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    if find_program() is None:
        pytest.skip("there is no redis-server here (apt install redis-server)")
    with run_redis() as server:
        yield server


class Manager:
    """A manager as far as signals go: a bell, how often others rang it, and what was noticed."""

    def __init__(self, stack: ExitStack, url: str) -> None:
        self.bell = Bell()
        self.heard = 0
        self.noticed: list[Event] = []
        self._changed = threading.Condition()
        self.bell.listen(self._hear, to=Ring.OTHERS)
        stack.enter_context(relayed(self.bell, url, self._notice))

    def _hear(self) -> None:
        with self._changed:
            self.heard += 1
            self._changed.notify_all()

    def _notice(self, event: Event) -> None:
        with self._changed:
            self.noticed.append(event)
            self._changed.notify_all()

    def wait(self, holds: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(holds, timeout=20), (self.heard, self.noticed)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def listening(stack: ExitStack, url: str) -> Manager:
    """Return a manager that hears by now: subscribing rings once."""
    manager = Manager(stack, url)
    manager.wait(lambda: manager.heard == 1)
    return manager


def test_a_commit_of_one_manager_wakes_the_other(redis: RedisServer, stack: ExitStack) -> None:
    one, other = listening(stack, redis.url), listening(stack, redis.url)

    one.bell.ring()

    other.wait(lambda: other.heard == 2)


def test_nobody_hears_their_own_commits(redis: RedisServer, stack: ExitStack) -> None:
    one, other = listening(stack, redis.url), listening(stack, redis.url)

    one.bell.ring()
    other.wait(lambda: other.heard == 2)
    other.bell.ring()
    one.wait(lambda: one.heard == 2)

    assert (one.heard, other.heard) == (2, 2)


def test_what_was_heard_is_not_told_again(redis: RedisServer, stack: ExitStack) -> None:
    one, other, third = (listening(stack, redis.url) for _ in range(3))

    one.bell.ring()
    other.wait(lambda: other.heard == 2)
    third.wait(lambda: third.heard == 2)
    third.bell.ring()
    other.wait(lambda: other.heard == 3)

    assert other.heard == 3


def test_many_commits_at_once_become_few_messages(redis: RedisServer, stack: ExitStack) -> None:
    one, other = listening(stack, redis.url), listening(stack, redis.url)

    for _ in range(10_000):
        one.bell.ring()

    other.wait(lambda: other.heard > 1)
    assert other.heard < 10_000


def test_a_redis_that_goes_away_is_noticed_once_and_found_again(
    redis: RedisServer, stack: ExitStack
) -> None:
    one, other = listening(stack, redis.url), listening(stack, redis.url)

    redis.stop()
    other.wait(lambda: len(other.noticed) == 1)
    one.bell.ring()
    redis.start()
    other.wait(lambda: len(other.noticed) == 2)
    one.wait(lambda: len(one.noticed) == 2)
    one.bell.ring()

    other.wait(lambda: other.heard >= 3)
    assert [type(event) for event in other.noticed] == [SignalsLost, SignalsFound]


def test_a_manager_starts_without_its_redis_and_the_password_is_nowhere(
    redis: RedisServer, stack: ExitStack
) -> None:
    redis.stop()
    manager = Manager(stack, redis.url)

    manager.wait(lambda: len(manager.noticed) == 1)
    assert redis.password not in str(manager.noticed)


def test_a_wrong_password_is_said_without_it(redis: RedisServer, stack: ExitStack) -> None:
    manager = Manager(stack, redis.url.replace(redis.password, "guessed"))

    manager.wait(lambda: len(manager.noticed) == 1)
    assert "guessed" not in str(manager.noticed)


def test_nothing_goes_on_after_the_end(redis: RedisServer) -> None:
    with ExitStack() as opened:
        listening(opened, redis.url)

    assert not [one for one in threading.enumerate() if one.name == "penstock-relay"]


def test_what_is_no_address_is_refused() -> None:
    with (
        pytest.raises(ConfigurationError, match="PENSTOCK_REDIS"),
        relayed(Bell(), "somewhere:6379", lambda _: None),
    ):
        pass


def test_without_an_address_nothing_is_done() -> None:
    before = threading.active_count()

    with relayed(Bell(), None, lambda _: None):
        assert threading.active_count() == before
