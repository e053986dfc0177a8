"""Nodes as wanted -> nodes as they are: started, proved, mourned, drained, stopped."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import msgspec

from penstock.control.last_words import failure_of, how_it_ended, keep_log
from penstock.control.launch import Launcher
from penstock.control.routing import Routing
from penstock.control.visit import NoAnswerError, visit
from penstock.control.world import World
from penstock.deploy.rollout.events import (
    Event,
    NodeDrained,
    NodeLost,
    NodeReady,
    NodeStopped,
    NodeUnready,
)
from penstock.deploy.rollout.types import Node, NodePhase, Options, Rollout
from penstock.deploy.rollout.wanted import Wanted
from penstock.deploy.types import Address, NodeState, Place, RunningNode
from penstock.errors import DriverUnavailableError, NotFoundError, PenstockError
from penstock.store.desk import Problem

_PROOFS = 3
_BETWEEN = 0.05  # seconds between two proofs
_PROVING = 2.0  # seconds of trying, after which the reconciler has a look again
_QUIET = 0.2  # seconds that nothing must have been under way at a node that drains
_UNROUTE = 10.0  # seconds after which a node is stopped though the gateway does not answer
_STRAY = 5.0  # seconds that a node must have been seen for before it is taken for a stray


@dataclass(slots=True)
class Fleet:
    """`seen` is what the driver shows, None while it cannot be reached."""

    world: World
    routing: Routing
    launcher: Launcher
    seen: dict[str, RunningNode] | None = None
    problem: Problem | None = None
    _looked: float = 0.0
    _started: dict[str, float] = field(default_factory=dict)
    _idle: dict[str, float] = field(default_factory=dict)
    _strays: dict[str, float] = field(default_factory=dict)

    def look(self) -> None:
        at = time.monotonic()
        try:
            seen = {node.id: node for node in self.world.driver.list()}
        except PenstockError as error:
            self.seen, self.problem = None, Problem.of(error)
            return
        self.seen, self.problem, self._looked = seen, None, at

    def act(self, place: Place, state: Rollout, wanted: Wanted) -> tuple[Event, ...]:
        """Begin what takes a while; return what is seen at once."""
        if self.seen is None:
            return ()
        events: list[Event] = []
        for node in wanted.run:
            events.extend(self._keep_running(place, node))
        for node in wanted.prove:
            self._prove(place, node)
        for node in wanted.drain:
            events.extend(self._drain(place, node, state))
        for node in wanted.stop:
            self._stop(place, node, state)
        return tuple(events)

    def gone(self, state: Rollout) -> frozenset[str]:
        """Return the nodes that were started, as far as is known, and do not run any more."""
        return frozenset(node for node in self.ran(state) if not self._runs(node))

    def ran(self, state: Rollout) -> frozenset[str]:
        """Return the nodes that are to be there: ready ones, and others that the driver knows."""
        return frozenset(
            node.id
            for node in state.nodes
            if node.phase is NodePhase.READY
            or (node.phase is NodePhase.STARTING and self._was_started(node))
        )

    def _was_started(self, node: Node) -> bool:
        known = node.id in (self.seen or {}) or node.id in self._started
        return known and not self._is_being_started(node)

    def _runs(self, node: str) -> bool:
        found = (self.seen or {}).get(node)
        return found is not None and found.state is not NodeState.EXITED

    def remove_strays(self, known: set[str]) -> None:
        """Stop what runs in our name and is in nobody's plan."""
        found = set(self.seen or ()) - known
        now = time.monotonic()
        self._strays = {node: self._strays.get(node, now) for node in found}
        for node, since in self._strays.items():
            if now - since > _STRAY:
                self.world.tasks.ensure(Place(""), ("stray", node), partial(self._end, node))

    def address(self, node: str) -> Address | None:
        found = (self.seen or {}).get(node)
        return None if found is None else found.address

    def _keep_running(self, place: Place, node: Node) -> Iterable[Event]:
        found = (self.seen or {}).get(node.id)
        if found is not None and found.state is not NodeState.EXITED:
            return
        if self._is_being_started(node):
            return  # what the driver shows of it may be half of it
        if found is not None:
            yield NodeLost(node.id, how_it_ended(self.world, place, node, found))
        elif node.phase is NodePhase.READY or node.id in self._started:
            yield NodeLost(node.id, "it is gone")
        else:
            self.world.tasks.ensure(place, ("start", node.id), lambda: self._start(place, node))

    def _is_being_started(self, node: Node) -> bool:
        """Whether it was not whole yet when the driver was looked at."""
        if self.world.tasks.is_running(("start", node.id)):
            return True
        return self._started.get(node.id, -1.0) > self._looked

    def _start(self, place: Place, node: Node) -> Iterable[Event]:
        try:
            self.launcher.launch(place, node)
        except DriverUnavailableError:
            raise  # nobody's fault but the engine's: it is tried again until the deadline
        except PenstockError as error:
            return (NodeLost(node.id, error.told),)
        self._started[node.id] = time.monotonic()
        return ()

    def _prove(self, place: Place, node: Node) -> None:
        address = self.address(node.id)
        if address is not None:
            self.world.tasks.ensure(
                place, ("prove", node.id), lambda: self._try_out(node.id, address)
            )

    def _try_out(self, node: str, address: Address) -> Iterable[Event]:
        proofs, until = 0, time.monotonic() + _PROVING
        problem: str | None = None
        while time.monotonic() < until:
            problem = unreadiness(address)
            proofs = 0 if problem is not None else proofs + 1
            if proofs == _PROOFS:
                return (NodeReady(node),)
            time.sleep(_BETWEEN)
        return () if problem is None else (NodeUnready(node, problem),)

    def _drain(self, place: Place, node: Node, state: Rollout) -> Iterable[Event]:
        """Tell when nothing has been under way at a node for a moment, or its time is over."""
        now = self.world.places.now(place)
        active = self.world.gateway.active(node.id)
        limit = _options(state, node).drain
        if now - node.since > limit:
            self._idle.pop(node.id, None)
            yield NodeDrained(node.id, active or 0)
        elif self.routing.has_left(place, node.id) and not active:
            idle = time.monotonic() - self._idle.setdefault(node.id, time.monotonic())
            if idle >= _QUIET:
                del self._idle[node.id]
                yield NodeDrained(node.id)
        else:
            self._idle.pop(node.id, None)

    def _stop(self, place: Place, node: Node, state: Rollout) -> None:
        """Stop a node once the gateway has forgotten it; SIGTERM before that would cut requests."""
        now = self.world.places.now(place)
        lost = node.phase is NodePhase.LOST
        forgotten = self.routing.has_forgotten(place, node.id)
        if lost or forgotten or now - node.since > _UNROUTE:
            self.world.tasks.ensure(
                place, ("stop", node.id), lambda: self._take_away(place, node, state)
            )

    def _take_away(self, place: Place, node: Node, state: Rollout) -> Iterable[Event]:
        reason = failure_of(state, node)
        if reason is not None:
            keep_log(self.world, place, node, reason)
        lost = node.phase is NodePhase.LOST
        return self._end(node.id, 0.0 if lost else _options(state, node).grace)

    def _end(self, node: str, grace: float = 5.0) -> Iterable[Event]:
        try:
            stopped = self.world.driver.stop(node, grace)
        except NotFoundError:
            return (NodeStopped(node),)
        with suppress(PenstockError):  # it stays there, and is tried again at the next start
            self.launcher.bury(node)
        self._started.pop(node, None)
        return (NodeStopped(node, killed=stopped.killed),)


def unreadiness(address: Address, timeout: float = 2.0) -> str | None:
    """Return why a node is not ready, None where it is."""
    try:
        answer = visit(address, "/readyz", timeout=timeout)
    except NoAnswerError as error:
        return f"it does not answer ({error})"
    if answer.status == 200:  # noqa: PLR2004 the one that means ready
        return None
    try:
        problems = msgspec.json.decode(answer.body, type=_Unready).problems
    except msgspec.DecodeError:
        return f"/readyz answered {answer.status}"
    said = "; ".join(f"{name}: {problem}" for name, problem in problems.items())
    return said or f"/readyz answered {answer.status}"


class _Unready(msgspec.Struct):
    problems: dict[str, str] = {}


def _options(state: Rollout, node: Node) -> Options:
    """Return the options that a node was deployed with, or those of what replaced it."""
    releases = [state.blue, state.green, state.parked]
    releases += [None if state.change is None else state.change.release]
    releases += [None if state.last is None else state.last.release]
    own = [r for r in releases if r is not None and r.deployment == node.deployment]
    rest = [r for r in releases if r is not None]
    return (own or rest)[0].options if own or rest else Options()
