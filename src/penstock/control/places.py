"""Every rollout there is: an event goes in, what it decides is written down before anything acts.

Several managers may share a database: who saves upon an old revision reads and decides again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from penstock.deploy.rollout.events import Event
from penstock.deploy.rollout.step import step
from penstock.deploy.rollout.types import Note, Release, Rollout
from penstock.deploy.types import Place
from penstock.errors import ChangedError, StateError
from penstock.store.leases import Lease
from penstock.store.rollouts import RolloutChange, RolloutRepository, StoredRollout

_TRIES = 20
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Rollout).decode


@dataclass(frozen=True, slots=True)
class Kept:
    """A rollout as it is written down, and when that was, by the monotonic clock."""

    state: Rollout
    revision: int
    at: float


@dataclass(slots=True)
class Places:
    """`lease` is what the acting manager holds; others write down what people ask, and no more."""

    rollouts: RolloutRepository
    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    lease: Lease | None = None
    told: Callable[[Place, Rollout, Sequence[Note]], None] = lambda _, __, ___: None
    _kept: dict[Place, Kept] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def refresh(self) -> None:
        """Take over what other managers wrote."""
        with self._lock:  # from the reading on: what is asked meanwhile is newer than what was read
            stored = self.rollouts.list()
            for one in stored:
                self._adopt(one)
            for place in set(self._kept) - {one.place for one in stored}:
                del self._kept[place]

    def all(self) -> Mapping[Place, Rollout]:
        with self._lock:
            return {place: kept.state for place, kept in self._kept.items()}

    def state(self, place: Place) -> Rollout:
        """Return the rollout of a place; one where nothing ever happened is empty."""
        with self._lock:
            kept = self._kept.get(place) or self._load(place)
            return kept.state

    def has_node(self, place: Place, node: str) -> bool:
        """Whether a place has a node, by what is known here or was just written by others."""
        if any(one.id == node for one in self.state(place).nodes):
            return True
        stored = self.rollouts.load(place)
        return stored is not None and any(one.id == node for one in _decode(stored.document).nodes)

    def revision(self, place: Place) -> int:
        with self._lock:
            return (self._kept.get(place) or self._load(place)).revision

    def now(self, place: Place) -> float:
        """Return the time by the place's own clock."""
        with self._lock:
            kept = self._kept.get(place) or self._load(place)
            return self._now(kept)

    def ask(self, place: Place, event: Event) -> Rollout:
        """Decide about what somebody asks, whoever acts. Raises ConflictError, StateError."""
        return self._tell(place, (event,), None)

    def tell(self, place: Place, *events: Event) -> Rollout:
        """Decide about what was seen. Raises ConflictError where this manager may not act."""
        return self._tell(place, events, self.lease)

    def dry_run(self, place: Place, event: Event) -> None:
        """Raise what an event would be refused with."""
        step(self.state(place), event, self.now(place))

    def _tell(self, place: Place, events: Sequence[Event], lease: Lease | None) -> Rollout:
        for _ in range(_TRIES):
            try:
                return self._decide(place, events, lease)
            except ChangedError:
                with self._lock:
                    self._load(place)
        raise StateError("The rollout is changed by others all the time.", hint="Try again.")

    def _decide(self, place: Place, events: Sequence[Event], lease: Lease | None) -> Rollout:
        with self._lock:
            kept = self._kept.get(place) or self._load(place)
            state, notes, now = kept.state, list[Note](), self._now(kept)
            for event in events:
                moved = step(state, event, now)
                state = moved.state
                notes.extend(moved.notes)
            if not notes and msgspec.structs.replace(state, clock=kept.state.clock) == kept.state:
                return kept.state  # time alone is not worth a write
            change = RolloutChange(
                document=_encode(state),
                expected=kept.revision,
                now=self.wall(),
                lease=lease,
                journal=tuple(_encode(note) for note in notes),
                versions=_versions(state),
            )
            revision = self.rollouts.save(place, change)
            self._kept[place] = Kept(state, revision, self.monotonic())
        if notes:
            self.told(place, state, notes)
        return state

    def _now(self, kept: Kept) -> float:
        return kept.state.clock + (self.monotonic() - kept.at)

    def _load(self, place: Place) -> Kept:
        stored = self.rollouts.load(place)
        if stored is None:
            self._kept[place] = Kept(Rollout(), 0, self.monotonic())
        else:
            self._kept.pop(place, None)
            self._adopt(stored)
        return self._kept[place]

    def _adopt(self, stored: StoredRollout) -> None:
        kept = self._kept.get(stored.place)
        if kept is None or kept.revision != stored.revision:
            state = _decode(stored.document)
            self._kept[stored.place] = Kept(state, stored.revision, self.monotonic())


def _versions(state: Rollout) -> frozenset[str]:
    """Return the versions that run, are kept warm, or wait to be started again."""
    change = state.change
    releases: list[Release | None] = [state.blue, state.green, state.parked]
    releases.append(None if change is None else change.release)
    return frozenset(release.version for release in releases if release is not None)
