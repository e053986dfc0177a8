"""The nodes of a rollout: as many as wanted, of the size wanted, replaced one by one."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TypeAlias, assert_never

from msgspec.structs import replace

from penstock.deploy.rollout.events import (
    NodeDrained,
    NodeLost,
    NodeReady,
    NodeStopped,
    NodeUnready,
)
from penstock.deploy.rollout.types import Node, NodePhase, Note, Release, Rollout, Transition
from penstock.deploy.types import Colour

Seen: TypeAlias = NodeReady | NodeUnready | NodeLost | NodeDrained | NodeStopped

STEADY = 60.0  # seconds that a node must have been ready for its end not to count as a relapse
_LONGEST = 30.0  # seconds between two tries

_UP = (NodePhase.STARTING, NodePhase.READY)


def observe(state: Rollout, event: Seen, now: float) -> Transition:
    """Take over what was seen of a node; what is said of one that is gone is not news."""
    node = next((node for node in state.nodes if node.id == event.node), None)
    if node is None:
        return Transition(state)
    match event:
        case NodeReady():
            return _ready(state, node, now)
        case NodeUnready():
            return _unready(state, node, event.reason)
        case NodeLost():
            return _lost(state, node, event.reason, now)
        case NodeDrained():
            return _drained(state, node, event.cut, now)
        case NodeStopped():
            return _gone(state, node, killed=event.killed)
        case _:
            assert_never(event)


def _ready(state: Rollout, node: Node, now: float) -> Transition:
    if node.phase is not NodePhase.STARTING:
        return Transition(state)
    note = Note(deployment=node.deployment, node=node.id, detail="ready")
    return Transition(
        _with(state, replace(node, phase=NodePhase.READY, since=now, problem="")), (note,)
    )


def _unready(state: Rollout, node: Node, reason: str) -> Transition:
    if node.phase is not NodePhase.STARTING or node.problem == reason:
        return Transition(state)
    note = Note(deployment=node.deployment, node=node.id, detail=f"not ready: {reason}")
    return Transition(_with(state, replace(node, problem=reason)), (note,))


def _lost(state: Rollout, node: Node, reason: str, now: float) -> Transition:
    if node.phase not in _UP:
        return Transition(state)
    alert = node.phase is NodePhase.READY
    note = Note(deployment=node.deployment, node=node.id, detail=f"lost: {reason}", alert=alert)
    steady = node.phase is NodePhase.READY and now - node.since >= STEADY
    state = _with(state, replace(node, phase=NodePhase.LOST, since=now, problem=reason))
    release = state.release(node.colour)
    if release is not None and release.deployment == node.deployment:
        attempt = 1 if steady else node.attempt + 1
        state = _add(state, release, node.colour, now, attempt)
    return Transition(state, (note,))


def renew(state: Rollout, gone: AbstractSet[str], now: float) -> Rollout:
    """Replace nodes that ended for no fault of theirs: it is not counted as a try."""
    for node in state.nodes:
        if node.id not in gone or node.phase not in _UP:
            continue
        state = _with(state, replace(node, phase=NodePhase.LOST, since=now))
        release = state.release(node.colour)
        if release is not None and release.deployment == node.deployment:
            state = _add(state, release, node.colour, now, node.attempt)
    return state


def _drained(state: Rollout, node: Node, cut: int, now: float) -> Transition:
    if node.phase is not NodePhase.DRAINING:
        return Transition(state)
    said = f"drained, {cut} requests cut" if cut else "drained"
    note = Note(deployment=node.deployment, node=node.id, detail=said, alert=cut > 0)
    return Transition(_with(state, replace(node, phase=NodePhase.STOPPING, since=now)), (note,))


def _gone(state: Rollout, node: Node, *, killed: bool) -> Transition:
    if node.phase not in (NodePhase.STOPPING, NodePhase.LOST):
        return Transition(state)
    said = "killed after its grace" if killed else "stopped"
    note = Note(deployment=node.deployment, node=node.id, detail=said)
    rest = tuple(other for other in state.nodes if other.id != node.id)
    return Transition(replace(state, nodes=rest), (note,))


def settle(state: Rollout, now: float) -> Rollout:
    """Add the nodes that a release lacks, drain those that no release wants."""
    for colour in Colour:
        release = state.release(colour)
        state = _drain(state, _strangers(state, colour), now)
        if release is not None and release.artifact is not None:
            state = _fill(state, release, colour, now)
            state = _drain(state, _surplus(state, release, colour), now)
    return state


def _strangers(state: Rollout, colour: Colour) -> tuple[Node, ...]:
    """Return the nodes of earlier releases in this colour."""
    own = {node.id for node in state.of(colour)}
    return tuple(
        node
        for node in state.nodes
        if node.colour is colour and node.id not in own and node.phase in _UP
    )


def _fill(state: Rollout, release: Release, colour: Colour, now: float) -> Rollout:
    """Add what is missing; while nodes of another size serve, only one more than wanted."""
    up = state.of(colour, *_UP)
    fit = sum(node.units == release.units for node in up)
    missing = release.nodes - fit
    if len(up) > fit:
        missing = min(missing, release.nodes + 1 - len(up))
    for _ in range(missing):
        state = _add(state, release, colour, now, 1)
    return state


def _surplus(state: Rollout, release: Release, colour: Colour) -> tuple[Node, ...]:
    """Return the nodes that may go: nothing that serves goes before its successor is ready."""
    up = state.of(colour, *_UP)
    fit = [node for node in up if node.units == release.units]
    ready = sum(node.phase is NodePhase.READY for node in fit)
    outgrown = _worst_first([node for node in up if node.units != release.units])
    spare = max(0, len(outgrown) - max(0, release.nodes - ready))
    return (*_worst_first(fit)[: max(0, len(fit) - release.nodes)], *outgrown[:spare])


def _worst_first(nodes: list[Node]) -> tuple[Node, ...]:
    return tuple(
        sorted(nodes, key=lambda node: (node.phase is NodePhase.READY, -node.since, node.id))
    )


def _drain(state: Rollout, nodes: tuple[Node, ...], now: float) -> Rollout:
    for node in nodes:
        state = _with(state, replace(node, phase=NodePhase.DRAINING, since=now))
    return state


def _add(state: Rollout, release: Release, colour: Colour, now: float, attempt: int) -> Rollout:
    if release.artifact is None:
        return state
    later = 0.0 if attempt == 1 else min(_LONGEST, 2.0 ** (min(attempt, 7) - 2))
    node = Node(
        id=f"n-{release.deployment.rpartition('_')[2]}-{state.counter + 1}",
        colour=colour,
        deployment=release.deployment,
        artifact=release.artifact,
        units=release.units,
        since=now,
        attempt=attempt,
        not_before=now + later,
    )
    return replace(state, nodes=(*state.nodes, node), counter=state.counter + 1)


def _with(state: Rollout, changed: Node) -> Rollout:
    nodes = tuple(changed if node.id == changed.id else node for node in state.nodes)
    return replace(state, nodes=nodes)
