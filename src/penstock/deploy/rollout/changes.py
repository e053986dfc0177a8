"""The way of a change: queued, built, started, verified, ready, promoted, baked, done; or back."""

from __future__ import annotations

from typing import TypeAlias, assert_never

from msgspec.structs import replace

from penstock.deploy.rollout.events import (
    Baked,
    BuildFailed,
    Built,
    ChecksFailed,
    ChecksPassed,
    Picked,
    Routed,
)
from penstock.deploy.rollout.types import (
    BEFORE_PROMOTION,
    Change,
    Kind,
    NoData,
    NodePhase,
    Note,
    Phase,
    Release,
    Rollout,
    Transition,
)
from penstock.deploy.types import Colour

Step: TypeAlias = Picked | Built | BuildFailed | ChecksPassed | ChecksFailed
Served: TypeAlias = Routed | Baked

_TRIES = 2  # a node of a new colour may fail once


def progress(state: Rollout, event: Step, now: float) -> Transition:
    """Take over how building and checking went."""
    change = state.change
    if change is None:
        return Transition(state)
    match event:
        case Picked():
            return _pick(state, change, now)
        case Built():
            return _built(state, change, event.artifact, now)
        case BuildFailed():
            if change.phase is not Phase.BUILDING:
                return Transition(state)
            return end(state, change, Phase.ABORTED, event.reason, now)
        case ChecksPassed() | ChecksFailed():
            return _checked(state, change, event, now)
        case _:
            assert_never(event)


def serve(state: Rollout, event: Served, now: float) -> Transition:
    """Take over what the gateway does, and how the new colour answers."""
    change = state.change
    if change is None:
        return Transition(state)
    match event:
        case Routed():
            return _routed(state, change, event.live, now)
        case Baked():
            return _baked(state, change, event, now)
        case _:
            assert_never(event)


def advance(state: Rollout, now: float) -> Transition:
    """Go as far as nothing more needs to happen for."""
    notes: tuple[Note, ...] = ()
    while state.change is not None:
        moved = _move(state, state.change, now)
        if moved is None:
            break
        state, notes = moved.state, (*notes, *moved.notes)
    retired = _retire(state, now)
    return Transition(retired.state, (*notes, *retired.notes))


def resume(state: Rollout, now: float) -> Transition:
    """Go on after all nodes ended with their machine: whatever waits for them waits anew."""
    change = state.change
    if change is None or change.phase in (Phase.QUEUED, Phase.BUILDING):
        return Transition(state)
    phase = Phase.STARTING if change.phase is Phase.VERIFYING else change.phase
    return enter(state, change, phase, now, "its nodes are started anew, after a restart")


def start(state: Rollout, change: Change, now: float) -> Transition:
    """Bring up the target colour; what was kept warm in it goes."""
    state = put(state, change.target, change.release)
    if state.live is None or state.live is not change.target:
        state = replace(state, warm_until=None)
    return enter(state, change, Phase.STARTING, now)


def roll_back(state: Rollout, change: Change, reason: str, now: float) -> Transition:
    """Turn round: to the colour of before, once it proves that it answers now."""
    if change.previous is None or state.release(change.previous) is None:
        return end(state, change, Phase.STUCK, f"{reason}; there is nothing to go back to", now)
    back = replace(change, target=change.previous, previous=change.target, reason=reason)
    return enter(state, back, Phase.ROLLING_BACK, now, reason)


def enter(state: Rollout, change: Change, phase: Phase, now: float, detail: str = "") -> Transition:
    entered = replace(change, phase=phase, since=now)
    note = Note(deployment=change.deployment, phase=phase, detail=detail)
    return Transition(replace(state, change=entered), (note,))


def end(state: Rollout, change: Change, outcome: Phase, reason: str, now: float) -> Transition:
    """Close a change. What it leaves behind is decided by how it ended."""
    ended = replace(change, phase=outcome, since=now, reason=reason)
    state = replace(state, change=None, last=ended)
    options = change.release.options
    match outcome:
        case Phase.DONE:
            warm = change.previous is not None and state.release(change.previous) is not None
            state = replace(state, parked=None, warm_until=now + options.keep_for if warm else None)
        case Phase.ABORTED:
            if change.phase not in (Phase.QUEUED, Phase.BUILDING):
                state = put(state, change.target, None)
        case Phase.ROLLED_BACK if change.kind is Kind.ROLLBACK:
            state = replace(state, warm_until=now + options.keep_for)
        case Phase.ROLLED_BACK if change.previous is not None:
            state = put(state, change.previous, None)
        case _:
            pass
    alert = outcome in (Phase.STUCK, Phase.ROLLED_BACK) and change.kind is not Kind.ROLLBACK
    note = Note(deployment=change.deployment, phase=outcome, detail=reason, alert=alert)
    return Transition(state, (note,))


def put(state: Rollout, colour: Colour, release: Release | None) -> Rollout:
    if colour is Colour.BLUE:
        return replace(state, blue=release)
    return replace(state, green=release)


def is_whole(state: Rollout, colour: Colour) -> bool:
    """Whether every node that a colour's release wants is ready, in the size that it wants."""
    release = state.release(colour)
    if release is None:
        return False
    ready = state.of(colour, NodePhase.READY)
    return sum(node.units == release.units for node in ready) >= release.nodes


def _pick(state: Rollout, change: Change, now: float) -> Transition:
    if change.phase is not Phase.QUEUED:
        return Transition(state)
    if change.release.artifact is None:
        return enter(state, change, Phase.BUILDING, now)
    return start(state, change, now)


def _built(state: Rollout, change: Change, artifact: str, now: float) -> Transition:
    if change.phase is not Phase.BUILDING:
        return Transition(state)
    return start(state, replace(change, release=replace(change.release, artifact=artifact)), now)


def _checked(
    state: Rollout, change: Change, event: ChecksPassed | ChecksFailed, now: float
) -> Transition:
    if event.colour is not change.target:
        return Transition(state)
    if change.phase is Phase.VERIFYING:
        if isinstance(event, ChecksFailed):
            return end(state, change, Phase.ABORTED, event.reason, now)
        return enter(state, change, Phase.READY, now)
    if change.phase is Phase.ROLLING_BACK and state.live is not change.target:
        if isinstance(event, ChecksFailed):
            reason = f"{change.reason}; the colour to go back to fails too: {event.reason}"
            return end(state, change, Phase.STUCK, reason, now)
        back = replace(change, since=now)
        return Transition(replace(state, live=change.target, change=back))
    return Transition(state)


def _routed(state: Rollout, change: Change, live: Colour, now: float) -> Transition:
    if live is not change.target or state.live is not live:
        return Transition(state)
    if change.phase is Phase.PROMOTING:
        return enter(state, change, Phase.BAKING, now)
    if change.phase is Phase.ROLLING_BACK:
        return end(state, change, Phase.ROLLED_BACK, change.reason, now)
    return Transition(state)


def _baked(state: Rollout, change: Change, event: Baked, now: float) -> Transition:
    if change.phase is not Phase.BAKING:
        return Transition(state)
    if event.good is False:
        return roll_back(state, change, event.reason, now)
    if now - change.since < change.release.options.bake:
        return Transition(state)
    if event.good is None and change.release.options.no_data is NoData.REFUSE:
        return roll_back(state, change, event.reason or "too few requests to tell", now)
    return end(state, change, Phase.DONE, event.reason, now)


def _move(state: Rollout, change: Change, now: float) -> Transition | None:
    """Return the next state of a change that can go on by itself, None for one that waits."""
    relapsed = _relapse(state, change)
    if relapsed is not None:
        return _give_up(state, change, relapsed, now)
    options = change.release.options
    match change.phase:
        case Phase.STARTING if is_whole(state, change.target):
            return enter(state, change, Phase.VERIFYING, now)
        case Phase.READY if not options.approval and is_whole(state, change.target):
            return promote(state, change, now)
        case Phase.BAKING if options.bake <= 0:
            return end(state, change, Phase.DONE, "", now)
        case _:
            return _late(state, change, now)


def promote(state: Rollout, change: Change, now: float) -> Transition:
    """Let the new colour serve: the one fact, written down before the gateway follows it."""
    previous = state.live
    promoted = replace(change, previous=previous)
    return enter(replace(state, live=change.target), promoted, Phase.PROMOTING, now)


def _relapse(state: Rollout, change: Change) -> str | None:
    """Return why the new colour is no good: one of its nodes failed twice."""
    if change.phase in (Phase.QUEUED, Phase.BUILDING, Phase.ROLLING_BACK):
        return None
    if all(node.attempt <= _TRIES for node in state.of(change.target)):
        return None
    ends = [node.problem for node in state.of(change.target, NodePhase.LOST) if node.problem]
    return ": ".join(("a node of the new colour ended twice", *ends[-1:]))


def _retire(state: Rollout, now: float) -> Transition:
    """Let the idle colour go when it was kept warm for long enough."""
    if state.change is not None or state.warm_until is None or now < state.warm_until:
        return Transition(state)
    state = replace(state, warm_until=None)
    idle = None if state.live is None else state.release(state.live.other)
    if state.live is None or idle is None:
        return Transition(state)
    note = Note(deployment=idle.deployment, detail="retired")
    return Transition(put(state, state.live.other, None), (note,))


def _late(state: Rollout, change: Change, now: float) -> Transition | None:
    options = change.release.options
    starting = (options.start_deadline, "its nodes were not ready in time")
    approval = (options.approval_deadline, "nobody approved it in time")
    limits = {
        Phase.STARTING: starting,
        Phase.VERIFYING: (options.verify_deadline, "its checks did not end in time"),
        Phase.READY: approval if options.approval else starting,
        Phase.PROMOTING: (options.promote_deadline, "the gateway did not follow in time"),
        Phase.ROLLING_BACK: (options.promote_deadline, "going back did not end in time"),
    }
    if change.phase not in limits:
        return None
    seconds, reason = limits[change.phase]
    if now - change.since <= seconds:
        return None
    problems = dict.fromkeys(node.problem for node in state.of(change.target) if node.problem)
    return _give_up(state, change, "; ".join((f"{reason} ({seconds:g} s)", *problems)), now)


def _give_up(state: Rollout, change: Change, reason: str, now: float) -> Transition:
    if change.phase in BEFORE_PROMOTION:
        return end(state, change, Phase.ABORTED, reason, now)
    if change.phase is Phase.ROLLING_BACK:
        return end(state, change, Phase.STUCK, reason, now)
    return roll_back(state, change, reason, now)
