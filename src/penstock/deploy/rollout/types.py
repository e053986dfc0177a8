"""What is to run of one API in one environment: two colours, their nodes, and one change at a time.

Times are seconds of the rollout's own clock, which only runs while a manager does: neither a
wrong clock nor a manager that was away can make a deadline pass.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from penstock.deploy.types import Colour


class Phase(StrEnum):
    """Where a change is. The last four are how it ends."""

    QUEUED = "queued"
    BUILDING = "building"
    STARTING = "starting"
    VERIFYING = "verifying"
    READY = "ready"
    PROMOTING = "promoting"
    BAKING = "baking"
    ROLLING_BACK = "rolling back"
    DONE = "done"
    ABORTED = "aborted"
    ROLLED_BACK = "rolled back"
    STUCK = "stuck"


BEFORE_PROMOTION = frozenset(
    {Phase.QUEUED, Phase.BUILDING, Phase.STARTING, Phase.VERIFYING, Phase.READY}
)
ENDED = frozenset({Phase.DONE, Phase.ABORTED, Phase.ROLLED_BACK, Phase.STUCK})


class NodePhase(StrEnum):
    """STARTING until it proved ready; DRAINING takes no new request; STOPPING is off the gateway.

    LOST is dead before its time, and taken away.
    """

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    STOPPING = "stopping"
    LOST = "lost"


class NoData(StrEnum):
    """What too few requests while baking mean."""

    ACCEPT = "accept"
    REFUSE = "refuse"


class Kind(StrEnum):
    DEPLOY = "deploy"
    START = "start"
    ROLLBACK = "rollback"


class SmokeTest(msgspec.Struct, frozen=True, kw_only=True):
    """One request that a new colour must answer, before it serves, as said here.

    `json` maps JSON pointers into the answer to the values there; `within` is in seconds; `key`
    names the variable or secret of the environment that holds the caller's API key.
    """

    path: str
    method: str = "GET"
    body: str | None = None
    status: int = 200
    json: dict[str, str | int | float | bool | None] = {}
    within: float = 10.0
    key: str | None = None


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How a release is deployed. All times are in seconds.

    `keep_for`: how long the colour before stays warm. `drain`: how long what runs may go on;
    `grace`: between SIGTERM and SIGKILL. `error_rate`: the share of failed answers that baking
    bears, beyond that of the colour before; `slowdown`: how many times slower its p99 may be.
    """

    approval: bool = False
    bake: float = 60.0
    no_data: NoData = NoData.ACCEPT
    min_requests: int = 20
    error_rate: float = 0.01
    slowdown: float = 5.0
    keep_for: float = 900.0
    start_deadline: float = 120.0
    verify_deadline: float = 60.0
    approval_deadline: float = 86_400.0
    promote_deadline: float = 30.0
    drain: float = 30.0
    grace: float = 10.0
    smoke: tuple[SmokeTest, ...] = ()


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One version in one size. `artifact` is None until it is built; `units` are of each node."""

    deployment: str
    version: str
    artifact: str | None = None
    nodes: int = 1
    units: int = 1
    options: Options = Options()


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A node that is wanted, or on its way out.

    `attempt` counts from 1, how often its place was filled; it is not started before `not_before`.
    `problem` is why it was not ready when it was last looked at.
    """

    id: str
    colour: Colour
    deployment: str
    artifact: str
    units: int
    phase: NodePhase = NodePhase.STARTING
    since: float = 0.0
    attempt: int = 1
    not_before: float = 0.0
    problem: str = ""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is under way. `target` is the colour it brings up, or for a rollback, back.

    `previous` is the colour that served before it.
    """

    deployment: str
    kind: Kind
    phase: Phase
    since: float
    target: Colour
    release: Release
    previous: Colour | None = None
    reason: str = ""

    def progress(self, now: float) -> str:
        """Say where it is, and for what bakes how long it still does."""
        if self.phase is not Phase.BAKING:
            return self.phase.value
        left = max(0, round(self.since + self.release.options.bake - now))
        return f"{self.phase.value}, {left} s left"


class Rollout(msgspec.Struct, frozen=True, kw_only=True):
    """All that is decided about one place. `live` is the one fact that promotion changes.

    `warm_until`: when the idle colour may go. `parked`: what was stopped, and starts again.
    `last`: how the change before ended, and why.
    """

    live: Colour | None = None
    blue: Release | None = None
    green: Release | None = None
    nodes: tuple[Node, ...] = ()
    change: Change | None = None
    warm_until: float | None = None
    parked: Release | None = None
    last: Change | None = None
    counter: int = 0
    clock: float = 0.0

    def release(self, colour: Colour) -> Release | None:
        return self.blue if colour is Colour.BLUE else self.green

    def of(self, colour: Colour, *phases: NodePhase) -> tuple[Node, ...]:
        """Return the nodes of a colour's present release, in these phases, or in any."""
        release = self.release(colour)
        return tuple(
            node
            for node in self.nodes
            if node.colour is colour
            and release is not None
            and node.deployment == release.deployment
            and (not phases or node.phase in phases)
        )


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, for the journal and whoever watches."""

    deployment: str
    phase: Phase | None = None
    node: str | None = None
    detail: str = ""
    alert: bool = False


class Transition(msgspec.Struct, frozen=True):
    state: Rollout
    notes: tuple[Note, ...] = ()
