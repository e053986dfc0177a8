"""Commits of this manager -> the others on the same database, by Redis; and theirs to us.

A ring says nothing but that there is something to look at: one that is lost costs half a second,
one too many a look. So nothing is kept, nothing is asked again, and without Redis all goes on.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from penstock.errors import ConfigurationError
from penstock.events import Observer, SignalsFound, SignalsLost
from penstock.store.signals import Bell, Ring

if TYPE_CHECKING:
    from redis import Redis

CHANNEL: Final = "penstock:changes"
_ANSWERS_WITHIN: Final = 2.0  # seconds
_LISTENS_FOR: Final = 0.5
_AGAIN_FIRST, _AGAIN_LAST = 0.2, 5.0
_STOPS_WITHIN: Final = 5.0


@contextmanager
def relayed(bell: Bell, url: str | None, observe: Observer) -> Iterator[None]:
    """Pass rings on, and take those of others, meanwhile; without a URL nothing is done.

    Raises ConfigurationError for what is no address of a Redis, or where its client is missing. One
    that does not answer is noticed, and tried again.
    """
    if not url:
        yield
        return
    with ExitStack() as stack:
        telling, hearing = (stack.enter_context(closing(_open(url))) for _ in range(2))
        relay = _Relay(bell, observe, telling, hearing)
        relay.start()
        stack.callback(relay.stop)
        yield


def _open(url: str) -> Redis:
    try:
        import redis  # noqa: PLC0415 an extra, and slow to import for who has no use for it
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "PENSTOCK_REDIS is set, but the client of Redis is not installed.",
            hint="pip install 'penstock[redis]'",
        ) from error
    try:
        return redis.Redis.from_url(
            url,
            socket_timeout=_ANSWERS_WITHIN,
            socket_connect_timeout=_ANSWERS_WITHIN,
            socket_keepalive=True,
            health_check_interval=5,
            client_name="penstock-manager",
            retry=None,  # a late ring is of no use
        )
    except ValueError as error:
        raise ConfigurationError(
            "PENSTOCK_REDIS is not the address of a Redis.",
            hint="redis://:password@host:6379, or rediss:// with TLS.",
        ) from error


@dataclass(slots=True)
class _Relay:
    """A thread tells, another one listens: neither waits for what the other one does."""

    bell: Bell
    observe: Observer
    telling: Redis
    hearing: Redis
    _name: bytes = field(default_factory=lambda: secrets.token_hex(8).encode())
    _rung: threading.Event = field(default_factory=threading.Event)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        for work in (self._tell, self._hear):
            thread = threading.Thread(target=work, name="penstock-relay", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        self._stopping.set()
        self._rung.set()
        for thread in self._threads:
            thread.join(_STOPS_WITHIN)

    def _tell(self) -> None:
        """Say once that there is something new, however many commits it was meanwhile."""
        stop_listening = self.bell.listen(self._rung.set, to=Ring.OURS)
        while not self._stopping.is_set():
            self._rung.wait()
            self._rung.clear()
            # Whoever listens notices that Redis is away, and says so.
            with suppress(*_failures()):
                self.telling.publish(CHANNEL, self._name)
        stop_listening()

    def _hear(self) -> None:
        pause = _AGAIN_FIRST
        lost = False
        while not self._stopping.is_set():
            try:
                for _ in self._heard():
                    if lost:
                        self.observe(SignalsFound())
                    lost, pause = False, _AGAIN_FIRST
            except _failures() as error:
                if not lost:
                    self.observe(SignalsLost(reason=f"{type(error).__name__}: {error}"))
                lost = True
                self._stopping.wait(pause)
                pause = min(2 * pause, _AGAIN_LAST)

    def _heard(self) -> Iterator[None]:
        """Ring for what others say; yield whenever Redis has proved to be there."""
        with self.hearing.pubsub() as channel:
            channel.subscribe(CHANNEL)
            while not self._stopping.is_set():
                message = channel.get_message(timeout=_LISTENS_FOR)
                if message is None:
                    continue
                if message["type"] == "subscribe":
                    self.bell.ring(Ring.OTHERS)  # there may have been something meanwhile
                    yield
                elif message["data"] != self._name:
                    self.bell.ring(Ring.OTHERS)


def _failures() -> tuple[type[Exception], ...]:
    import redis  # noqa: PLC0415 as above; it is there, since it was opened

    return (redis.RedisError, OSError)
