"""What people ask -> an event, decided and written down at once; what they see, put together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from msgspec.structs import replace

from penstock.control.building import Builder
from penstock.control.fleet import Fleet
from penstock.control.history import History
from penstock.control.measuring import Measuring
from penstock.control.required import check_variables
from penstock.control.routing import Routing
from penstock.control.world import World
from penstock.deploy.gateway import Figures
from penstock.deploy.rollout.events import Abort, Approve, Deploy, RollBack, Scale, Start, Stop
from penstock.deploy.rollout.types import Kind, Node, Options, Release, Rollout
from penstock.deploy.types import NodeStats, Place, RunningNode
from penstock.errors import ConflictError, ManagementError, NotFoundError, PenstockError
from penstock.store import apis, artifacts, deployments, node_logs, versions
from penstock.store.builds import BuildRecord
from penstock.store.deployments import DeploymentDraft, DeploymentRecord
from penstock.store.desk import (
    MOST_NODES,
    MOST_UNITS,
    Collected,
    DeployWish,
    NodeStatus,
    PlaceStatus,
    Problem,
    ScaleWish,
)
from penstock.store.unit import SYSTEM, Actor, Look, looking, working

_ON_THEIR_WAY = 3600.0  # seconds that files may be there before their version has them


@dataclass(frozen=True, slots=True)
class _Look:
    """What driver and gateway know of nodes at one moment, by their ids."""

    seen: Mapping[str, RunningNode]
    counted: Mapping[str, Figures]
    used: Mapping[str, NodeStats]

    def node(self, place: Place, state: Rollout, node: Node) -> NodeStatus:
        seen, counted = self.seen.get(node.id), self.counted.get(node.id)
        used = self.used.get(node.id)
        release = state.release(node.colour)
        own = release is not None and release.deployment == node.deployment
        return NodeStatus(
            id=node.id,
            api=place.api,
            environment=place.environment,
            deployment=node.deployment,
            colour=node.colour.value,
            phase=node.phase.value,
            units=node.units,
            artifact=node.artifact,
            version=release.version if own and release is not None else None,
            address=None if seen is None or seen.address is None else str(seen.address),
            started=None if seen is None else seen.started,
            requests=None if counted is None else counted.requests,
            errors=None if counted is None else counted.errors,
            cpu=None if used is None else used.cpu,
            memory=None if used is None else used.memory,
        )


@dataclass(frozen=True, slots=True)
class _Occasion:
    """What a deployment is, who asked for it, and why."""

    kind: Kind
    by: Actor
    reason: str = ""


@dataclass(slots=True)
class ControlDesk:
    """The one desk of a manager: a `manager.ports.Desk`."""

    world: World
    fleet: Fleet
    routing: Routing
    builder: Builder
    history: History
    measuring: Measuring
    base: str  # the gateway's address, as callers know it
    acting: Callable[[], Problem | None]  # why the controller does not act

    def deploy(self, place: Place, wish: DeployWish, by: Actor) -> DeploymentRecord:
        _check_size(wish.nodes, wish.units)
        state = self.world.places.state(place)
        self._refuse_if_changing(place, state)
        with looking(self.world.database) as look:
            apis.get(look, place.api)
            version, artifact = self._wanted(look, place, wish)
        if artifact is not None:
            check_variables(self.world, place, artifact)
        size = _size(state)
        release = Release(
            deployment="",
            version=version,
            artifact=artifact,
            nodes=wish.nodes or size[0],
            units=wish.units or size[1],
            options=wish.options,
        )
        return self._deploy(place, release, _Occasion(Kind.DEPLOY, by))

    def promote(self, place: Place, by: Actor) -> None:
        del by  # whoever calls has audited it
        self.world.places.ask(place, Approve())

    def abort(self, place: Place, reason: str, by: Actor) -> None:
        self.world.places.ask(place, Abort(reason or f"aborted by {by.name}"))

    def rollback(self, place: Place, reason: str, by: Actor) -> DeploymentRecord:
        """Go back to the warm colour; where there is none, deploy the artifact of before again."""
        reason = reason or f"rolled back by {by.name}"
        state = self.world.places.state(place)
        if state.change is not None:
            self.world.places.ask(place, RollBack(state.change.deployment, reason))
            return self._record(state.change.deployment)
        warm = None if state.live is None else state.release(state.live.other)
        occasion = _Occasion(Kind.ROLLBACK, by, reason)
        if warm is None:
            return self._redeploy(place, state, occasion)
        record = self._write(place, warm, occasion)
        self._ask_or_drop(place, RollBack(record.id, reason), record)
        return record

    def scale(self, place: Place, wish: ScaleWish, by: Actor) -> None:
        del by
        if wish.nodes is None and wish.units is None:
            raise ManagementError("Say how many nodes, or units of each.", pointer="/nodes")
        _check_size(wish.nodes, wish.units)
        self.world.places.ask(place, Scale(wish.nodes, wish.units))

    def stop(self, place: Place, by: Actor, *, keep_size: bool) -> None:
        del by
        self.world.places.ask(place, Stop(keep_size))

    def start(self, place: Place, by: Actor) -> DeploymentRecord:
        state = self.world.places.state(place)
        parked = state.parked
        if parked is None:
            self.world.places.ask(place, Start("dep_none"))  # says why not
            raise ConflictError("There is nothing to start.")
        record = self._write(place, parked, _Occasion(Kind.START, by))
        self._ask_or_drop(place, Start(record.id), record)
        return record

    def build(self, version: str, by: Actor) -> BuildRecord:
        return self.builder.request(version, by)

    def status(self, place: Place) -> PlaceStatus | None:
        state = self.world.places.all().get(place)
        return None if state is None else self._statuses({place: state})[0]

    def statuses(self) -> tuple[PlaceStatus, ...]:
        return self._statuses(self.world.places.all())

    def knows(self, place: Place, node: str) -> bool:
        return self.world.places.has_node(place, node)

    def logs(self, node: str, *, tail: int | None, follow: bool) -> Iterator[bytes]:
        try:
            return self.world.driver.logs(node, tail=tail, follow=follow)
        except NotFoundError:
            with looking(self.world.database) as look:
                kept = node_logs.lines(look, node)
        return iter(kept if tail is None else kept[max(0, len(kept) - tail) :])

    def collect(self) -> Collected:
        """Remove what no version is of, and nobody runs, keeps warm, or may want to go back to.

        Files that no version has go too, unless they came a moment ago: their version is yet to be
        told of them.
        """
        self.world.places.refresh()
        for place, state in self.world.places.all().items():
            self.history.keep(place, state)
        with looking(self.world.database) as look:
            wanted = versions.artifacts(look)
        removed = self.world.artifacts.collect(wanted)
        with working(self.world.database, SYSTEM, time.time()) as work:
            for digest in removed.artifacts:
                artifacts.remove(work, digest)
        for digest in removed.artifacts:
            self.world.driver.forget(digest)
        return Collected(artifacts=removed.artifacts, bytes=removed.freed + self._collect_files())

    def _collect_files(self) -> int:
        before = time.time() - _ON_THEIR_WAY
        with looking(self.world.database) as look:
            wanted = versions.contents(look)
        return self.builder.contents.collect(wanted, before)

    def problem(self) -> Problem | None:
        problems = [self.acting(), self.fleet.problem, self.routing.problem]
        return next((problem for problem in problems if problem is not None), None)

    def _wanted(self, look: Look, place: Place, wish: DeployWish) -> tuple[str, str | None]:
        """Return the version that is wished for, and its artifact, None where it is to be built."""
        if (wish.version is None) == (wish.artifact is None):
            raise ManagementError("Name a version or an artifact, not both.", pointer="/version")
        if wish.version is not None:
            version = versions.get(look, wish.version)
            if version.api != place.api:
                raise NotFoundError("This API has no such version.")
            return version.id, self.builder.artifact_of(version)
        record = artifacts.get(look, wish.artifact or "")
        if record.api_id != place.api or record.version_id is None:
            raise NotFoundError("This API has no such artifact.")
        if not self.builder.has(record.digest):
            raise NotFoundError(
                f"The artifact {record.digest[:19]}… was removed.",
                hint=f"Deploy its version, {record.version}, which builds it anew.",
                pointer="/artifact",
            )
        return record.version_id, record.digest

    def _deploy(self, place: Place, release: Release, occasion: _Occasion) -> DeploymentRecord:
        record = self._write(place, release, occasion)
        self._ask_or_drop(place, Deploy(replace(release, deployment=record.id)), record)
        return record

    def _redeploy(self, place: Place, state: Rollout, occasion: _Occasion) -> DeploymentRecord:
        """Go back by a deployment: for the rollout it is one like any other."""
        earlier = self.history.before(place, state)
        live = None if state.live is None else state.release(state.live)
        options = Options() if live is None else live.options
        size = _size(state)
        release = Release(
            deployment="",
            version=earlier.version,
            artifact=self._again(earlier),
            nodes=size[0],
            units=size[1],
            options=replace(options, bake=0.0, approval=False),
        )
        return self._deploy(place, release, occasion)

    def _again(self, earlier: DeploymentRecord) -> str | None:
        """Return what was deployed then, None where it was removed but can be built again.

        Raises ConflictError where its version is gone, or is another one by now.
        """
        if earlier.artifact is not None and self.builder.has(earlier.artifact):
            return earlier.artifact
        with looking(self.world.database) as look, suppress(NotFoundError):
            version = versions.get(look, earlier.version)
            if version.artifact == earlier.artifact:
                return self.builder.artifact_of(version)
        raise ConflictError(
            "The artifact of the deployment before was removed, and its version is not the same"
            " any more.",
            hint="Deploy a version: `penstock history` shows those that were deployed.",
        )

    def _write(self, place: Place, release: Release, occasion: _Occasion) -> DeploymentRecord:
        draft = DeploymentDraft(
            api=place.api,
            environment=place.environment,
            version=release.version,
            artifact=release.artifact,
            kind=occasion.kind.value,
            nodes=release.nodes,
            units=release.units,
            reason=occasion.reason,
        )
        with working(self.world.database, occasion.by, time.time()) as work:
            return deployments.create(work, draft)

    def _ask_or_drop(
        self, place: Place, event: Deploy | RollBack | Start, record: DeploymentRecord
    ) -> None:
        """Ask; where it is refused, the deployment that was written down is none."""
        try:
            self.world.places.ask(place, event)
        except PenstockError as error:
            self.history.refuse(record.id, error.detail)
            raise

    def _record(self, deployment: str) -> DeploymentRecord:
        with looking(self.world.database) as look:
            return deployments.get(look, deployment)

    def _refuse_if_changing(self, place: Place, state: Rollout) -> None:
        """Refuse early, so that no deployment is written down for nothing."""
        if state.change is not None:
            empty = Release(deployment="dep_none", version="")
            self.world.places.dry_run(place, Deploy(empty))

    def _statuses(self, places: Mapping[Place, Rollout]) -> tuple[PlaceStatus, ...]:
        seen = self.fleet.seen or {}
        nodes = [node.id for state in places.values() for node in state.nodes]
        look = _Look(
            seen,
            self.world.gateway.nodes() if nodes else {},
            self.measuring.of(node for node in nodes if node in seen),
        )
        return tuple(self._status(place, state, look) for place, state in places.items())

    def _status(self, place: Place, state: Rollout, look: _Look) -> PlaceStatus:
        route = self.routing.path(place)
        return PlaceStatus(
            api=place.api,
            environment=place.environment,
            revision=self.world.places.revision(place),
            rollout=replace(state, clock=max(state.clock, self.world.places.now(place))),
            nodes=tuple(look.node(place, state, node) for node in state.nodes),
            address=None if route is None else self.base + route,
            preview=None if route is None else f"{self.base}/preview{route}",
            alerts=tuple(self._alerts(state)),
        )

    def _alerts(self, state: Rollout) -> Iterator[str]:
        for problem in (self.fleet.problem, self.routing.problem):
            if problem is not None:
                yield problem.said
        for node in state.nodes:
            if node.problem:
                yield f"{node.id}: {node.problem}"
        yield from self.world.tasks.problems()


def _size(state: Rollout) -> tuple[int, int]:
    """Return nodes and units that a place has now: a deployment without a size keeps them."""
    live = None if state.live is None else state.release(state.live)
    known = live or state.parked
    return (1, 1) if known is None else (known.nodes, known.units)


def _check_size(nodes: int | None, units: int | None) -> None:
    for value, most, what in ((nodes, MOST_NODES, "nodes"), (units, MOST_UNITS, "units")):
        if value is not None and not 1 <= value <= most:
            raise ManagementError(
                f"{value} is not a number of {what}: 1 to {most}.",
                hint="`penstock stop` lets an API rest." if value < 1 else None,
                pointer=f"/{what}",
            )
