"""What can happen to a rollout: what people ask, and what is seen of nodes, gateway and time."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from penstock.deploy.rollout.types import Kind, Release
from penstock.deploy.types import Colour


class Deploy(msgspec.Struct, frozen=True):
    """Somebody wants this release; `kind` is START for what was stopped."""

    release: Release
    kind: Kind = Kind.DEPLOY


class Approve(msgspec.Struct, frozen=True):
    pass


class Abort(msgspec.Struct, frozen=True):
    reason: str = "aborted by hand"


class RollBack(msgspec.Struct, frozen=True):
    """Go back; `deployment` is the id of this going back, where it is a change of its own."""

    deployment: str
    reason: str = "rolled back by hand"


class Scale(msgspec.Struct, frozen=True):
    """Another number of nodes, or of units of each; None leaves it."""

    nodes: int | None = None
    units: int | None = None


class Stop(msgspec.Struct, frozen=True):
    keep_size: bool = False


class Start(msgspec.Struct, frozen=True):
    """Run what was stopped again, as a deployment with this id."""

    deployment: str


class Picked(msgspec.Struct, frozen=True):
    """A manager has taken up what was queued."""


class Built(msgspec.Struct, frozen=True):
    artifact: str


class BuildFailed(msgspec.Struct, frozen=True):
    reason: str


class NodeReady(msgspec.Struct, frozen=True):
    """It answered its readiness probe three times running."""

    node: str


class NodeUnready(msgspec.Struct, frozen=True):
    """It is not ready yet, and says why."""

    node: str
    reason: str


class NodeLost(msgspec.Struct, frozen=True):
    """It exited, or its driver no longer knows it."""

    node: str
    reason: str


class Restarted(msgspec.Struct, frozen=True):
    """Every node there was ended at once, with its machine or by `down`: for no fault of its own.

    `gone` are those of this place.
    """

    gone: frozenset[str]


class NodeDrained(msgspec.Struct, frozen=True):
    """Nothing is under way at it, or its time to finish is over, with `cut` still running."""

    node: str
    cut: int = 0


class NodeStopped(msgspec.Struct, frozen=True):
    node: str
    killed: bool = False


class ChecksPassed(msgspec.Struct, frozen=True):
    """The colour answers as it should, now."""

    colour: Colour


class ChecksFailed(msgspec.Struct, frozen=True):
    colour: Colour
    reason: str


class Routed(msgspec.Struct, frozen=True):
    """The gateway sends requests to this colour."""

    live: Colour


class Baked(msgspec.Struct, frozen=True):
    """What the figures say of the new colour: None where there were too few requests to tell."""

    good: bool | None
    reason: str = ""


class Tick(msgspec.Struct, frozen=True):
    """Time went by."""


Event: TypeAlias = (
    Deploy
    | Approve
    | Abort
    | RollBack
    | Scale
    | Stop
    | Start
    | Picked
    | Built
    | BuildFailed
    | NodeReady
    | NodeUnready
    | NodeLost
    | Restarted
    | NodeDrained
    | NodeStopped
    | ChecksPassed
    | ChecksFailed
    | Routed
    | Baked
    | Tick
)
