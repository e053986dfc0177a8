"""A state -> what the world should be like: the reconciler does the difference, again and again."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.deploy.rollout.types import Change, Node, NodePhase, Phase, Release, Rollout
from penstock.deploy.types import Colour

_HANDING_OVER = frozenset({Phase.PROMOTING, Phase.BAKING, Phase.ROLLING_BACK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`run` must exist; `prove` are those of them not yet ready; `drain` may finish what they do.

    `stop` may be ended once the gateway no longer knows them. `live`, `preview` and `leaving` are
    what the gateway is to know. `check`: the colour whose answers are to be checked; `routed`: the
    colour that the gateway is to be asked about.
    """

    run: tuple[Node, ...] = ()
    prove: tuple[Node, ...] = ()
    drain: tuple[Node, ...] = ()
    stop: tuple[Node, ...] = ()
    live: tuple[Node, ...] = ()
    leaving: tuple[Node, ...] = ()
    preview: tuple[Node, ...] = ()
    pick: bool = False
    build: Release | None = None
    check: Colour | None = None
    routed: Colour | None = None
    bake: Change | None = None


def wanted(state: Rollout, now: float) -> Wanted:
    phases = NodePhase
    up = [node for node in state.nodes if node.phase in (phases.STARTING, phases.READY)]
    drain = tuple(node for node in state.nodes if node.phase is phases.DRAINING)
    change = state.change
    phase = None if change is None else change.phase
    handed = _handed_over(state)
    return Wanted(
        run=tuple(node for node in up if node.not_before <= now),
        prove=tuple(
            node for node in up if node.phase is phases.STARTING and node.not_before <= now
        ),
        drain=drain,
        stop=tuple(node for node in state.nodes if node.phase in (phases.STOPPING, phases.LOST)),
        live=() if state.live is None else state.of(state.live, phases.READY),
        leaving=(*drain, *handed),
        preview=_preview(state),
        pick=phase is Phase.QUEUED,
        build=change.release if change is not None and phase is Phase.BUILDING else None,
        check=_to_check(state),
        routed=state.live if phase in (Phase.PROMOTING, Phase.ROLLING_BACK) else None,
        bake=change if phase is Phase.BAKING else None,
    )


def _handed_over(state: Rollout) -> tuple[Node, ...]:
    """Return the nodes of a colour that has just stopped serving: they may still be answering."""
    change = state.change
    if change is None or change.phase not in _HANDING_OVER or state.live is None:
        return ()
    return state.of(state.live.other, NodePhase.READY)


def _preview(state: Rollout) -> tuple[Node, ...]:
    """Return the nodes of the idle colour."""
    if state.live is not None:
        return state.of(state.live.other, NodePhase.READY)
    if state.change is None:
        return ()
    return state.of(state.change.target, NodePhase.READY)


def _is_coming(state: Rollout, colour: Colour) -> bool:
    """Whether a colour has no node that is ready yet, but will have one."""
    ready = state.of(colour, NodePhase.READY)
    return not ready and bool(state.of(colour, NodePhase.STARTING))


def _to_check(state: Rollout) -> Colour | None:
    change = state.change
    if change is None:
        return None
    if change.phase is Phase.VERIFYING:
        return change.target
    if change.phase is Phase.ROLLING_BACK and state.live is not change.target:
        return None if _is_coming(state, change.target) else change.target
    return None
