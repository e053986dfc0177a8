"""The state file -> a key ring that follows it: a revoked key is refused within a second."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from penstock.auth.keyring import KeyRing
from penstock.errors import PenstockError
from penstock.events import Event, KeysChanged, KeysReadable, KeysUnreadable, LastUsedUnwritten
from penstock.store.keys import KeyRepository
from penstock.store.last_used import LastUsed

POLL_SECONDS = 0.2  # a look costs 0.16 ms; somebody may wait to try the key they just made
FLUSH_SECONDS = 60.0


class KeyWatcher:
    """Holds the key ring in force; `start` reads it before it returns, or raises StateError."""

    def __init__(
        self,
        keys: KeyRepository,
        *,
        notice: Callable[[Event], None] = lambda _: None,
        interval: float = POLL_SECONDS,
        last_used: LastUsed | None = None,
    ) -> None:
        self.last_used = last_used or LastUsed()
        self._keys = keys
        self._notice = notice
        self._interval = interval
        self._ring = KeyRing()
        self._generation: str | None = None
        self._problem: str | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._flushed_at = time.monotonic()

    def ring(self) -> KeyRing:
        """Return the snapshot in force: what an Authenticator asks for."""
        return self._ring

    def note_used(self, key_id: str, now: float) -> None:
        """Take note that a key was used; it is written within a minute."""
        self.last_used.note(key_id, now)

    @property
    def problem(self) -> str | None:
        """Why the keys cannot be read at present; None when all is well."""
        return self._problem

    @property
    def unready(self) -> str | None:
        """What a readiness probe is told: no path, no address."""
        return None if self._problem is None else "The key store cannot be read."

    def start(self) -> None:
        self._read()
        self._stopping.clear()
        self._thread = threading.Thread(target=self._watch, name="penstock-keys", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop watching, and write the last-used times that are left."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._flush()

    def poll(self) -> None:
        """Look once, and take over what changed. Never raises: a watcher that died is a hole."""
        try:
            self._read()
        except Exception as error:  # noqa: BLE001 whatever it is, the next look may succeed
            self._note_problem(error)
        else:
            if self._problem is not None:
                self._problem = None
                self._tell(KeysReadable())

    def _watch(self) -> None:
        while not self._stopping.wait(self._interval):
            self.poll()
            if time.monotonic() - self._flushed_at >= FLUSH_SECONDS:
                self._flush()

    def _read(self) -> None:
        if self._generation is not None and self._keys.generation() == self._generation:
            return
        generation, ring = self._keys.snapshot()
        self._ring = ring
        self._generation = generation
        self._tell(KeysChanged(len(ring.records)))

    def _flush(self) -> None:
        self._flushed_at = time.monotonic()
        try:
            self.last_used.flush(self._keys)
        except PenstockError as error:
            self._tell(LastUsedUnwritten(str(error)))

    def _note_problem(self, error: Exception) -> None:
        first = self._problem is None
        self._problem = str(error)
        if first:
            self._tell(KeysUnreadable(error=self._problem))

    def _tell(self, event: Event) -> None:
        with contextlib.suppress(Exception):  # a log that fails must not keep a revocation away
            self._notice(event)
