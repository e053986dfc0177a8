"""Again and again: what is wanted of every place against what is; the difference is begun."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from penstock.control.baking import Baking
from penstock.control.building import Builder
from penstock.control.checks import Checks
from penstock.control.fleet import Fleet
from penstock.control.history import History
from penstock.control.routing import Routing
from penstock.control.world import World
from penstock.deploy.rollout.events import Event, Picked, Restarted, Routed, Tick
from penstock.deploy.rollout.types import Note, Phase, Rollout
from penstock.deploy.rollout.wanted import Wanted, wanted
from penstock.deploy.types import Place
from penstock.errors import ConflictError, PenstockError
from penstock.events import Controlling, Failed
from penstock.store.desk import Problem
from penstock.store.leases import Lease, LeaseRepository

LEASE = "controller"
LEASE_SECONDS = 10.0
_BUSY, _IDLE = 0.1, 0.5  # seconds between two looks, while something is under way, and else
_REFRESH = 0.5
_ROUNDS = 3  # of deciding within one look
STARTING = Problem("NOT_READY", "It has not looked at its nodes and its gateway yet.")


@dataclass(slots=True)
class Controller:
    """Acts while it holds the lease; several managers may run, one of them acts."""

    world: World
    fleet: Fleet
    routing: Routing
    checks: Checks
    baking: Baking
    builder: Builder
    history: History
    leases: LeaseRepository
    holder: str
    _wake: threading.Event = field(default_factory=threading.Event)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _renewed: float = -1e9
    _refreshed: float = -1e9
    _found: Lease | None = None
    _found_at: float = 0.0
    _resuming: bool = True
    problem: Problem | None = STARTING

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="penstock-control", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop acting; nodes and gateway go on."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
        lease = self.world.places.lease
        if lease is not None:
            self.world.places.lease = None
            self.leases.release(lease)

    def wake(self) -> None:
        self._wake.set()

    def heard(self) -> None:
        """Look at once at what another manager wrote."""
        self._refreshed = -1e9
        self._wake.set()

    def told(self, place: Place, state: Rollout, notes: Sequence[Note]) -> None:
        """Note what was decided, and go on with it."""
        self.history.note(place, state, notes)
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            busy = False
            try:
                if self._leads():
                    busy = self._look()
                else:
                    self.world.places.refresh()  # what others decide is told here too
                self.problem = None
            except PenstockError as error:
                self._failed(Problem.of(error))
            except Exception as error:  # noqa: BLE001 a manager that stops acting is worse than any of them
                self._failed(Problem(PenstockError.code, f"{type(error).__name__}: {error}"))
            self._wake.wait(_BUSY if busy else _IDLE)

    def _failed(self, problem: Problem) -> None:
        if problem != self.problem:
            self.world.observe(Failed(path="control", error=problem.said))
        self.problem = problem
        self._stopping.wait(_IDLE)

    def _leads(self) -> bool:
        """Whether this manager acts: it has the lease, or gets it."""
        places, now = self.world.places, time.monotonic()
        if places.lease is not None and now - self._renewed < LEASE_SECONDS / 3:
            return True
        had = places.lease is not None
        silent = self._silent(now)
        places.lease = self.leases.acquire(LEASE, self.holder, LEASE_SECONDS, time.time(), silent)
        self._renewed = now
        if had != (places.lease is not None):
            self.world.observe(Controlling(acts=not had, holder=self.holder))
        if places.lease is not None and not had:
            self._take_over()
        return places.lease is not None

    def _silent(self, now: float) -> Lease | None:
        """Return a lease that nobody has renewed for as long as it lasts, by our own measure."""
        seen, self._found = self._found, None  # nobody renews it while the database is away
        found = self.leases.find(LEASE)
        if found != seen:
            self._found_at = now
        self._found = found
        return found if now - self._found_at > LEASE_SECONDS else None

    def _take_over(self) -> None:
        """Resume where whoever acted before was: all that was decided is written down."""
        self._resuming = True
        self.world.places.refresh()
        self.builder.resume()
        with suppress(PenstockError):  # what cannot be taken over now stays for the next time
            self.fleet.launcher.bury_all()
        for place, state in self.world.places.all().items():
            self.history.repair(place, state)

    def _look(self) -> bool:
        """Compare and begin once, for every place; return whether more is to come soon."""
        places = self.world.places
        if time.monotonic() - self._refreshed > _REFRESH:
            places.refresh()
            self._refreshed = time.monotonic()
        self.fleet.look()
        self._resume()
        now = {place: self._decide(place, state) for place, state in places.all().items()}
        if self.fleet.seen is not None:
            self.routing.act({place: want for place, (_, want) in now.items()}, self.fleet.address)
        known: set[str] = set()
        for place, (state, want) in now.items():
            self._begin(place, state, want)
            known.update(node.id for node in state.nodes)
        self.fleet.remove_strays(known | {n.id for s in places.all().values() for n in s.nodes})
        self.world.tasks.sweep()
        return any(_is_busy(state) for state, _ in now.values())

    def _resume(self) -> None:
        """Start anew what ended while nobody could look: where all did, it is no node's fault."""
        if self.fleet.seen is None:
            self._resuming = True
        elif self._resuming:
            self._resuming = False
            states = self.world.places.all()
            gone = {place: self.fleet.gone(state) for place, state in states.items()}
            if all(self.fleet.ran(state) == gone[place] for place, state in states.items()):
                for place, ended in gone.items():
                    if ended:
                        self._tell(place, states[place], (Restarted(ended),))

    def _decide(self, place: Place, state: Rollout) -> tuple[Rollout, Wanted]:
        """Tell a place what is seen, until nothing more follows from it."""
        places = self.world.places
        state = places.tell(place, Tick())
        want = wanted(state, places.now(place))
        for _ in range(_ROUNDS):
            events = self._seen(place, state, want)
            if not events:
                break
            state = self._tell(place, state, events)
            want = wanted(state, places.now(place))
        return state, want

    def _seen(self, place: Place, state: Rollout, want: Wanted) -> tuple[Event, ...]:
        events: list[Event] = [Picked()] if want.pick else []
        events.extend(self.fleet.act(place, state, want))
        if want.routed is not None and self.routing.serves(place, want.live):
            events.append(Routed(want.routed))
        return tuple(events)

    def _tell(self, place: Place, state: Rollout, events: tuple[Event, ...]) -> Rollout:
        try:
            return self.world.places.tell(place, *events)
        except ConflictError:  # the lease went to somebody else
            self._renewed = -1e9
            return state

    def _begin(self, place: Place, state: Rollout, want: Wanted) -> None:
        self.builder.act(place, want.build)
        self.checks.act(place, state, want.check)
        self.baking.act(place, state, want.bake)


def _is_busy(state: Rollout) -> bool:
    """Whether more is to come soon: what bakes, or waits for people, takes its time."""
    waits = state.change is None or state.change.phase in (Phase.READY, Phase.BAKING)
    return not waits or any(node.phase != "ready" for node in state.nodes)
