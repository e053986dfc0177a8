"""What people may ask of a rollout, and when."""

from __future__ import annotations

from typing import TypeAlias, assert_never

from msgspec.structs import replace

from penstock.deploy.rollout import changes
from penstock.deploy.rollout.events import Abort, Approve, Deploy, RollBack, Scale, Start, Stop
from penstock.deploy.rollout.types import (
    BEFORE_PROMOTION,
    Change,
    Kind,
    Note,
    Phase,
    Release,
    Rollout,
    Transition,
)
from penstock.deploy.types import Colour
from penstock.errors import ConflictError, DeploymentRunningError

Request: TypeAlias = Deploy | Approve | Abort | RollBack | Scale | Stop | Start


def ask(state: Rollout, request: Request, now: float) -> Transition:
    """Do what is asked. Raises ConflictError, with what can be done instead."""
    match request:
        case Deploy() | Start():
            return _deploy(state, _deployment(state, request), now)
        case Approve():
            return _approve(state, now)
        case Abort():
            return _abort(state, request.reason, now)
        case RollBack():
            return _roll_back(state, request, now)
        case Scale():
            return _scale(state, request)
        case Stop():
            return _stop(state, now, keep_size=request.keep_size)
        case _:
            assert_never(request)


def _deploy(state: Rollout, request: Deploy, now: float) -> Transition:
    _refuse_while_changing(state, now)
    release = request.release
    change = Change(
        deployment=release.deployment,
        kind=request.kind,
        phase=Phase.QUEUED,
        since=now,
        target=Colour.BLUE if state.live is None else state.live.other,
        release=release,
        previous=state.live,
    )
    return changes.enter(state, change, Phase.QUEUED, now)


def _deployment(state: Rollout, request: Deploy | Start) -> Deploy:
    """Return what is to be deployed: for a start, what was stopped."""
    if isinstance(request, Deploy):
        return request
    if state.parked is None and state.live:
        raise ConflictError(
            "It runs already.",
            hint="`penstock status` shows on what; `penstock scale` gives it another size.",
        )
    if state.parked is None:
        raise ConflictError("Nothing was deployed here yet.", hint="`penstock deploy` does it.")
    options = replace(state.parked.options, bake=0.0, approval=False)
    release = replace(state.parked, deployment=request.deployment, options=options)
    return Deploy(release, Kind.START)


def _approve(state: Rollout, now: float) -> Transition:
    change = state.change
    if change is None or change.phase is not Phase.READY:
        raise ConflictError(
            "Nothing waits to be approved.",
            hint="`penstock deploy --approval` makes a deployment wait."
            if change is None
            else f"The deployment is {change.phase.value}.",
        )
    if changes.is_whole(state, change.target):
        return changes.promote(state, change, now)
    options = change.release.options
    if not options.approval:
        raise ConflictError(
            "It is approved: it serves once every node of the new colour is ready.",
            hint="`penstock status` shows which are; `penstock abort` ends it.",
        )
    approved = replace(change.release, options=replace(options, approval=False))
    change = replace(change, release=approved)
    return changes.enter(
        state, change, Phase.READY, now, "approved; it serves once every node is ready"
    )


def _abort(state: Rollout, reason: str, now: float) -> Transition:
    change = state.change
    if change is None:
        raise ConflictError(
            "No deployment is under way.", hint="`penstock history` shows how the last one ended."
        )
    if change.phase not in BEFORE_PROMOTION:
        raise ConflictError(
            f"The deployment is {change.phase.value}: the new colour serves already.",
            hint="`penstock rollback` goes back to the colour before.",
        )
    return changes.end(state, change, Phase.ABORTED, reason, now)


def _roll_back(state: Rollout, request: RollBack, now: float) -> Transition:
    change = state.change
    if change is None:
        return _go_back(state, request, now)
    if change.phase in BEFORE_PROMOTION:
        raise ConflictError(
            f"The deployment is {change.phase.value}: the live colour was never touched.",
            hint="`penstock abort` ends it.",
        )
    if change.phase is Phase.ROLLING_BACK:
        raise ConflictError(
            "It is being rolled back already.", hint="`penstock status` shows how far it is."
        )
    if change.previous is None or state.release(change.previous) is None:
        raise ConflictError(
            "There is nothing to go back to: it is the first deployment here.",
            hint="Deploy another version once it has ended, or `penstock stop` then.",
        )
    return changes.roll_back(state, change, request.reason, now)


def _go_back(state: Rollout, request: RollBack, now: float) -> Transition:
    live = state.live
    warm = None if live is None else state.release(live.other)
    if live is None or warm is None:
        raise ConflictError(
            "No colour is kept warm to go back to.",
            hint="Deploy the earlier version again: its artifact is kept.",
        )
    change = Change(
        deployment=request.deployment,
        kind=Kind.ROLLBACK,
        phase=Phase.ROLLING_BACK,
        since=now,
        target=live.other,
        release=warm,
        previous=live,
        reason=request.reason,
    )
    state = replace(state, warm_until=None)
    return changes.enter(state, change, Phase.ROLLING_BACK, now, request.reason)


def _scale(state: Rollout, request: Scale) -> Transition:
    """Size both colours alike: one that is gone back to must bear the load of now."""

    def sized(release: Release | None) -> Release | None:
        if release is None:
            return None
        return replace(
            release,
            nodes=release.nodes if request.nodes is None else request.nodes,
            units=release.units if request.units is None else request.units,
        )

    change = state.change
    if change is not None:
        change = replace(change, release=sized(change.release) or change.release)
    scaled = replace(
        state,
        blue=sized(state.blue),
        green=sized(state.green),
        parked=sized(state.parked),
        change=change,
    )
    releases = [scaled.release(scaled.live)] if scaled.live else []
    releases += [None if change is None else change.release, scaled.parked]
    now_wanted = next((release for release in releases if release is not None), None)
    if now_wanted is None:
        raise ConflictError("There is nothing to scale.", hint="`penstock deploy` comes first.")
    said = f"size: {now_wanted.nodes} × {now_wanted.units} units"
    return Transition(scaled, (Note(deployment=now_wanted.deployment, detail=said),))


def _stop(state: Rollout, now: float, *, keep_size: bool) -> Transition:
    _refuse_while_changing(state, now)
    release = None if state.live is None else state.release(state.live)
    if release is None:
        raise ConflictError(
            "It does not run.",
            hint="`penstock start` runs what was stopped."
            if state.parked
            else "`penstock deploy` comes first.",
        )
    parked = release if keep_size else replace(release, nodes=1, units=1)
    stopped = replace(state, live=None, blue=None, green=None, warm_until=None, parked=parked)
    said = "stopped" if keep_size else "stopped; its size is 1 × 1 unit from now on"
    return Transition(stopped, (Note(deployment=release.deployment, detail=said),))


def _refuse_while_changing(state: Rollout, now: float) -> None:
    change = state.change
    if change is None:
        return
    way = "`penstock abort` ends it" if change.phase in BEFORE_PROMOTION else "Wait for its end"
    if change.phase is Phase.READY and change.release.options.approval:
        way = f"`penstock approve` lets it serve, {way}"
    if change.phase is Phase.BAKING:
        way = f"{way}; `penstock deploy --bake 0` would not bake at all"
    raise DeploymentRunningError(
        f"Deployment {change.deployment} is {change.progress(now)}.", hint=f"{way}."
    )
