"""The manager's snapshots → the keys in force, from disk at first, then as soon as they change."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import random
from time import monotonic
from typing import Final

import httpx

from penstock.auth.keyring import KeyRing
from penstock.errors import Kind, ManagerUnreachableError, PenstockError
from penstock.events import (
    Event,
    ManagerFound,
    ManagerLost,
    SnapshotRefused,
    SnapshotTaken,
    SnapshotUnwritten,
)
from penstock.link.client import ManagerClient, wait_for_snapshot
from penstock.link.disk import read_kept, write_snapshot
from penstock.link.snapshot import (
    NodeLimits,
    Snapshot,
    SnapshotRefusedError,
    check_snapshot,
    read_snapshot,
)

WAIT: Final = 20.0  # seconds that the manager holds an answer back while nothing changes

_SHORTEST, _LONGEST = 0.1, 1.0  # seconds between two attempts that fail: with two to connect, 3
# Looking up a name cannot be broken off: without a name server each attempt leaves a thread behind
# for half a minute. Those that come after them must not have to wait for one.
_LOOKUPS: Final = 32
_STOP_SECONDS: Final = 5.0


class NoSnapshotError(PenstockError):
    """The node has never heard from its manager, so nobody is known."""

    code = "NOT_READY"
    kind = Kind.UNAVAILABLE
    title = "The node is not ready yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Which place a node serves, whose signature it believes, and where it keeps what it heard."""

    api: str
    environment: str
    key: str
    folder: Path


class SnapshotKeeper:
    """Holds the key ring in force. A change reaches it in the time of one message.

    Without the manager the last snapshot stays in force, however long; without any, nobody is let
    in. No clock is read: a jump changes nothing.
    """

    def __init__(
        self,
        client: ManagerClient,
        post: Post,
        *,
        notice: Callable[[Event], None] = lambda _: None,
        adopt: Callable[[NodeLimits], None] = lambda _: None,
        wait: float = WAIT,
    ) -> None:
        self._client = client
        self._post = post
        self._notice = notice
        self.adopt = adopt
        self._wait = wait
        self._ring: KeyRing | None = None
        self._sequence = 0
        self._limits = NodeLimits()
        self._refresh: tuple[int, int] = (0, 0)
        self._unwritten: bytes | None = None
        self._heard: float | None = None
        self._lost = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._running = threading.Event()
        self._thread: threading.Thread | None = None

    def ring(self) -> KeyRing:
        """Return the keys in force. Raises NoSnapshotError before there are any."""
        if self._ring is None:
            raise NoSnapshotError(
                "The node has not heard from its manager yet.", hint="Try again in a few seconds."
            )
        return self._ring

    def note_used(self, key_id: str, now: float) -> None:
        """Do nothing: the manager reads it from the usage events."""

    @property
    def unready(self) -> str | None:
        """Why nobody can be let in; None once there was a snapshot, however old it is."""
        return None if self._ring is not None else "The manager has sent no keys yet."

    @property
    def warning(self) -> str | None:
        """What is not as it should be, though the node answers."""
        return "The manager does not answer." if self._lost else None

    @property
    def sequence(self) -> int:
        """Which snapshot is in force, 0 for none."""
        return self._sequence

    @property
    def refresh(self) -> int:
        """Which refresh of all nodes was wanted last."""
        return self._refresh[1]

    @property
    def refresh_at_first(self) -> int:
        """Which one that was when the first snapshot came: the node counts anew anyway then."""
        return self._refresh[0]

    @property
    def silence(self) -> float:
        """Seconds since the manager last answered; infinite if it never did."""
        return float("inf") if self._heard is None else monotonic() - self._heard

    @property
    def limits(self) -> NodeLimits:
        return self._limits

    def start(self) -> None:
        """Take what is on disk, then ask the manager, for ever, in a thread."""
        self._recall()
        self._thread = threading.Thread(target=self._run, name="penstock-link", daemon=True)
        self._thread.start()
        self._running.wait(_STOP_SECONDS)

    def stop(self) -> None:
        loop, task, thread = self._loop, self._task, self._thread
        if loop is None or task is None or thread is None:
            return
        with suppress(RuntimeError):  # it has ended by itself
            loop.call_soon_threadsafe(task.cancel)
        thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        with suppress(asyncio.CancelledError):
            asyncio.run(self._follow())

    async def _follow(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._loop.set_default_executor(ThreadPoolExecutor(_LOOKUPS, "penstock-link"))
        self._running.set()
        failures = 0
        while True:
            async with self._client.open_async() as client:
                failures = await self._ask_while_it_answers(client, failures)
            await asyncio.sleep(pause_after(failures))

    async def _ask_while_it_answers(self, client: httpx.AsyncClient, failures: int) -> int:
        """Return how many attempts have failed one after another."""
        while True:
            began = monotonic()
            try:
                signed = await wait_for_snapshot(client, self._sequence, self._wait)
                self._hear()
                if signed is not None:
                    self._take(signed, "manager")
                    await asyncio.to_thread(self._write, signed)
            except SnapshotRefusedError as error:
                self._tell(SnapshotRefused(origin="manager", reason=error.detail))
                return failures + 1
            except ManagerUnreachableError as error:
                self._lose(error.detail)
                return failures + 1
            except Exception as error:  # noqa: BLE001 a link that died would be a hole: it goes on
                self._lose(f"{type(error).__name__}")
                return failures + 1
            failures = 0
            if signed is None:
                await asyncio.to_thread(self._write, self._unwritten)
                # One that does not wait, as it was asked to, is not asked without pause.
                await asyncio.sleep(max(0.0, min(1.0, self._wait) - (monotonic() - began)))

    def _take(self, signed: bytes, origin: str) -> None:
        post = self._post
        snapshot = read_snapshot(signed, post.key)
        check_snapshot(snapshot, api=post.api, environment=post.environment, after=self._sequence)
        self._put_in_force(snapshot)
        self._tell(
            SnapshotTaken(sequence=snapshot.sequence, keys=len(snapshot.keys), origin=origin)
        )

    def _put_in_force(self, snapshot: Snapshot) -> None:
        is_first = self._ring is None
        self._refresh = (snapshot.refresh if is_first else self._refresh[0], snapshot.refresh)
        self._ring = KeyRing.of(snapshot.keys)
        self._sequence = snapshot.sequence
        if snapshot.limits != self._limits:
            self._limits = snapshot.limits
            self.adopt(snapshot.limits)

    def _recall(self) -> None:
        try:
            signed = read_kept(self._post.folder)
            if signed is not None:
                self._take(signed, "disk")
        except OSError as error:
            self._tell(SnapshotRefused(origin="disk", reason=f"{error.strerror}"))
        except SnapshotRefusedError as error:
            self._tell(SnapshotRefused(origin="disk", reason=error.detail))

    def _write(self, signed: bytes | None) -> None:
        if signed is None:
            return
        try:
            write_snapshot(self._post.folder, signed)
        except OSError as error:
            self._unwritten = signed
            self._tell(SnapshotUnwritten(reason=f"{error.strerror}"))
        else:
            self._unwritten = None

    def _hear(self) -> None:
        self._heard = monotonic()
        if self._lost:
            self._lost = False
            self._tell(ManagerFound())

    def _lose(self, reason: str) -> None:
        if not self._lost:
            self._lost = True
            self._tell(ManagerLost(reason=reason))

    def _tell(self, event: Event) -> None:
        with suppress(Exception):  # a log that fails must not keep a revocation away
            self._notice(event)


def pause_after(failures: int) -> float:
    """Return how long to wait, in seconds; apart from each other, so that nodes do not gather.

    It is short however many attempts failed: a node that knows too little lets in whoever lost it.
    """
    longest = min(_LONGEST, _SHORTEST * 2.0 ** min(failures, 10))
    return longest * (0.5 + random() / 2)  # noqa: S311 - it spreads load, it guards nothing
