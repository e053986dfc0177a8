"""Usage events → files, until somebody has confirmed them.

What `append` has returned from outlives this process, kill -9 included: it is in the kernel's
hands. A loss of power costs what was not yet synchronised, one second at most.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from penstock.errors import ConflictError
from penstock.events import Event, UsageDamaged, UsageLost, UsageUnwritten, UsageWritten
from penstock.usage.lines import frame, read_frames
from penstock.usage.segment import Segment, find_segments, path_of, set_aside

FOLDER: Final = "spool"

_LOCK: Final = "lock"
_HELD: Final = 10_000  # events in memory while the disk takes none: some 4 MB
_REFUSED_BYTES: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class Batch:
    """Events that wait together; `number` is None for those that are in memory alone."""

    number: int | None
    lines: tuple[bytes, ...]

    @property
    def body(self) -> bytes:
        return b"\n".join(self.lines) + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolLimits:
    """`total` and `segment` are in bytes, `lines` is of one segment."""

    total: int = 256 << 20
    segment: int = 1_000_000
    lines: int = 2_000


@dataclass(slots=True)
class SpoolFigures:
    """How many events came, were confirmed, and are lost, since this process started."""

    recorded: int = 0
    delivered: int = 0
    lost: int = 0


@dataclass(slots=True)
class Spool:
    """For one process at a time; any thread may call. `append` never raises and never waits long.

    When the disk takes no more, events are held in memory, and when that is full too the new ones
    are lost, counted and told of.
    """

    folder: Path
    notice: Callable[[Event], None] = lambda _: None
    limits: SpoolLimits = SpoolLimits()
    figures: SpoolFigures = field(default_factory=SpoolFigures)
    problem: str | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _guard: int | None = None
    _active: Segment | None = None
    _sizes: dict[int, int] = field(default_factory=dict)
    _closed: int = 0  # bytes of all files that are not appended to
    _next: int = 1
    _held: deque[bytes] = field(default_factory=deque)
    _unsynced: list[int] = field(default_factory=list)
    _told: int = 0

    def open(self) -> None:
        """Take over what is there. Raises ConflictError while another process has the spool.

        A folder that cannot be used now is tried again at every `sync`.
        """
        with self._lock:
            try:
                self._take_over()
            except OSError as error:
                self._trouble(error)

    @property
    def waiting(self) -> int:
        """Bytes on disk that nobody has confirmed yet."""
        active = self._active
        return self._closed + (0 if active is None else active.size)

    @property
    def held(self) -> int:
        """Events that are in memory alone."""
        return len(self._held)

    def append(self, payload: bytes) -> None:
        """Keep one event, its JSON without line ends."""
        line = frame(payload)
        with self._lock:
            self.figures.recorded += 1
            if self._held or not self._write(line):
                self._hold(payload)

    def sync(self) -> None:
        """Make what was written outlive a loss of power; try again what could not be written."""
        with self._lock:
            self._retry()
            written, self._unsynced = self._unsynced, []
            lost, self._told = self.figures.lost - self._told, self.figures.lost
        try:
            if self._guard is not None:
                self._synchronise(written)
        except OSError as error:
            with self._lock:
                self._trouble(error)
        finally:
            for descriptor in written:
                os.close(descriptor)
        if lost:
            self.notice(UsageLost(events=lost, reason=self.problem or "The spool was full."))

    def _synchronise(self, written: list[int]) -> None:
        with self._lock:
            active = self._active
            if active is not None and active.size > active.synchronised:
                written.append(os.dup(active.descriptor))
                active.synchronised = active.size
        for descriptor in written:
            os.fdatasync(descriptor)
        if written:
            folder = os.open(self.folder, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(folder)  # the names of new files too
            finally:
                os.close(folder)

    def oldest(self, *, closed: bool = False) -> Batch | None:
        """Return what has waited longest, None if nothing waits. It stays until it is confirmed.

        If `closed`, what is still being gathered does not count.
        """
        while True:
            with self._lock:
                number = self._oldest_closed(closed=closed)
                if number is None:
                    if closed:
                        return None
                    held = tuple(list(self._held)[: self.limits.lines])
                    return Batch(None, held) if held else None
            lines = self._read(number)
            if lines:
                return Batch(number, lines)
            self._remove(number)

    def confirm(self, batch: Batch) -> None:
        """Forget what was delivered."""
        self.figures.delivered += len(batch.lines)
        if batch.number is not None:
            self._remove(batch.number)
            return
        with self._lock:
            for line in batch.lines:
                # Meanwhile it may have found its way to the disk: then it comes again from there.
                if self._held and self._held[0] is line:
                    self._held.popleft()

    def refuse(self, batch: Batch) -> None:
        """Set aside what nobody will ever take."""
        if batch.number is None:
            self.confirm(batch)
            self.figures.delivered -= len(batch.lines)
            return
        with suppress(OSError):
            set_aside(self.folder, batch.number, _REFUSED_BYTES)
        self._remove(batch.number)

    def close(self) -> None:
        self.sync()
        with self._lock:
            self._close_active()
            descriptors, self._unsynced = self._unsynced, []
            for descriptor in descriptors:
                os.close(descriptor)
            if self._guard is not None:
                os.close(self._guard)
                self._guard = None

    def _take_over(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        guard = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._sizes = find_segments(self.folder)
        except BlockingIOError as error:
            os.close(guard)
            raise ConflictError(
                f"Another process uses the usage spool in {self.folder}.",
                hint="Each node has a state folder of its own (PENSTOCK_STATE).",
            ) from error
        except OSError:
            os.close(guard)
            raise
        self._guard = guard
        self._closed = sum(self._sizes.values())
        self._next = max(self._sizes, default=0) + 1

    def _write(self, line: bytes) -> bool:
        if self._guard is None:
            return False
        if self.waiting + len(line) > self.limits.total:
            self._trouble(None)
            return False
        try:
            self._writable(len(line)).append(line)
        except OSError as error:
            self._close_active()  # should the line be there in part, nothing follows it
            self._trouble(error)
            return False
        return True

    def _writable(self, more: int) -> Segment:
        active, limits = self._active, self.limits
        if active is not None and (
            active.size + more > limits.segment or active.lines >= limits.lines
        ):
            self._close_active()
        if self._active is None:
            self._active = Segment.create(self.folder, self._next)
            self._next += 1
        return self._active

    def _close_active(self) -> None:
        active, self._active = self._active, None
        if active is not None:
            self._sizes[active.number] = active.size
            self._closed += active.size
            self._unsynced.append(active.descriptor)

    def _hold(self, payload: bytes) -> None:
        if len(self._held) < _HELD:
            self._held.append(payload)
        else:
            self.figures.lost += 1

    def _retry(self) -> None:
        if self._guard is None:
            try:
                self._take_over()
            except (OSError, ConflictError):
                return
        while self._held and self._write(frame(self._held[0])):
            self._held.popleft()
        if self.problem is not None and not self._held and self._has_room():
            self.problem = None
            self.notice(UsageWritten())

    def _has_room(self) -> bool:
        return self.waiting < self.limits.total

    def _trouble(self, error: OSError | None) -> None:
        first = self.problem is None
        why = "it has its full size" if error is None else error.strerror
        self.problem = f"The usage spool takes no more events: {why}."
        if first:
            self.notice(UsageUnwritten(reason=self.problem))

    def _oldest_closed(self, *, closed: bool) -> int | None:
        if not closed and not self._sizes and self._active is not None and self._active.lines:
            self._close_active()
        return min(self._sizes, default=None)

    def _read(self, number: int) -> tuple[bytes, ...]:
        try:
            lines, torn = read_frames(path_of(self.folder, number).read_bytes())
        except OSError as error:
            self.notice(UsageDamaged(file=str(number), lines=0, reason=str(error.strerror)))
            return ()
        if torn:
            self.figures.lost += torn
            self.notice(UsageDamaged(file=str(number), lines=torn, reason="They are torn."))
        return lines

    def _remove(self, number: int) -> None:
        with suppress(OSError):
            path_of(self.folder, number).unlink(missing_ok=True)
        with self._lock:
            self._closed -= self._sizes.pop(number, 0)
