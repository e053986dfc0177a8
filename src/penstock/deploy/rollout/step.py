"""(state, event, now) -> (state, notes): all that blue/green decides is decided here, purely.

An event that comes late, twice or after the fact changes nothing; what people ask and cannot have
raises ConflictError. What is to be done follows from the state alone (`wanted.py`), so a manager
that was killed anywhere does the rest when it is back.
"""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from penstock.deploy.rollout import changes, fleet, requests
from penstock.deploy.rollout.events import (
    Abort,
    Approve,
    Baked,
    BuildFailed,
    Built,
    ChecksFailed,
    ChecksPassed,
    Deploy,
    Event,
    NodeDrained,
    NodeLost,
    NodeReady,
    NodeStopped,
    NodeUnready,
    Picked,
    Restarted,
    RollBack,
    Routed,
    Scale,
    Start,
    Stop,
    Tick,
)
from penstock.deploy.rollout.types import Rollout, Transition


def step(state: Rollout, event: Event, now: float) -> Transition:
    """Return what is decided after an event. Raises ConflictError for a request out of place.

    `now` is of the rollout's own clock, and never less than it was.
    """
    now = max(now, state.clock)
    happened = _happen(state, event, now)
    settled = changes.advance(fleet.settle(happened.state, now), now)
    final = replace(fleet.settle(settled.state, now), clock=now)
    return Transition(final, (*happened.notes, *settled.notes))


def _happen(state: Rollout, event: Event, now: float) -> Transition:
    match event:
        case Deploy() | Approve() | Abort() | RollBack() | Scale() | Stop() | Start():
            return requests.ask(state, event, now)
        case NodeReady() | NodeUnready() | NodeLost() | NodeDrained() | NodeStopped():
            return fleet.observe(state, event, now)
        case Restarted():
            return changes.resume(fleet.renew(state, event.gone, now), now)
        case Picked() | Built() | BuildFailed() | ChecksPassed() | ChecksFailed():
            return changes.progress(state, event, now)
        case Routed() | Baked():
            return changes.serve(state, event, now)
        case Tick():
            return Transition(state)
        case _:
            assert_never(event)
