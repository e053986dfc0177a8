"""What people ask -> an event, decided and written down at once; what they see, put together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from penstock.control.building import Builder
from penstock.control.fleet import Fleet
from penstock.control.history import History
from penstock.control.launch import Launcher
from penstock.control.routing import Routing
from penstock.control.world import World
from penstock.deploy.rollout.events import Abort, Approve, Deploy, RollBack, Scale, Start, Stop
from penstock.deploy.rollout.types import Kind, Node, Options, Release, Rollout
from penstock.deploy.types import Place
from penstock.errors import ConflictError, ManagementError, NotFoundError, PenstockError
from penstock.store import apis, artifacts, deployments, versions
from penstock.store.builds import BuildRecord
from penstock.store.deployments import DeploymentDraft, DeploymentRecord
from penstock.store.desk import Collected, DeployWish, NodeStatus, PlaceStatus, ScaleWish
from penstock.store.unit import SYSTEM, Actor, looking, working

MOST_NODES = 100
MOST_UNITS = 64


@dataclass(slots=True)
class ControlDesk:
    """The one desk of a manager: a `manager.ports.Desk`."""

    world: World
    fleet: Fleet
    routing: Routing
    launcher: Launcher
    builder: Builder
    history: History
    base: str  # the gateway's address, as callers know it
    acting: Callable[[], str | None]  # why the controller does not act

    def deploy(self, place: Place, wish: DeployWish, by: Actor) -> DeploymentRecord:
        _check_size(wish.nodes, wish.units)
        state = self.world.places.state(place)
        self._refuse_if_changing(state)
        with looking(self.world.database) as look:
            apis.get(look, place.api)
            version, artifact = self._wanted(place, wish)
        size = _size(state)
        draft = DeploymentDraft(
            api=place.api,
            environment=place.environment,
            version=version,
            artifact=artifact,
            kind=Kind.DEPLOY.value,
            nodes=wish.nodes or size[0],
            units=wish.units or size[1],
        )
        return self._deploy(place, draft, wish.options, by)

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
        if warm is None:
            return self._redeploy(place, state, by)
        draft = DeploymentDraft(
            api=place.api,
            environment=place.environment,
            version=warm.version,
            artifact=warm.artifact,
            kind=Kind.ROLLBACK.value,
            nodes=warm.nodes,
            units=warm.units,
        )
        with working(self.world.database, by, time.time()) as work:
            record = deployments.create(work, draft)
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
        draft = DeploymentDraft(
            api=place.api,
            environment=place.environment,
            version=parked.version,
            artifact=parked.artifact,
            kind=Kind.START.value,
            nodes=parked.nodes,
            units=parked.units,
        )
        with working(self.world.database, by, time.time()) as work:
            record = deployments.create(work, draft)
        self._ask_or_drop(place, Start(record.id), record)
        return record

    def build(self, version: str, by: Actor) -> BuildRecord:
        return self.builder.request(version, by)

    def status(self, place: Place) -> PlaceStatus | None:
        state = self.world.places.all().get(place)
        return None if state is None else self._status(place, state)

    def statuses(self) -> tuple[PlaceStatus, ...]:
        places = self.world.places.all()
        return tuple(self._status(place, state) for place, state in places.items())

    def logs(self, node: str, *, tail: int | None, follow: bool) -> Iterator[bytes]:
        return self.world.driver.logs(node, tail=tail, follow=follow)

    def collect(self) -> Collected:
        """Remove what no version is of, and nobody runs, keeps warm, or may want to go back to."""
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
        return Collected(artifacts=removed.artifacts, bytes=removed.freed)

    def problem(self) -> str | None:
        problems = [self.acting(), self.fleet.problem, self.routing.problem]
        return next((problem for problem in problems if problem is not None), None)

    def _wanted(self, place: Place, wish: DeployWish) -> tuple[str, str | None]:
        """Return the version that is wished for, and its artifact if it has one already."""
        if (wish.version is None) == (wish.artifact is None):
            raise ManagementError("Name a version or an artifact, not both.", pointer="/version")
        with looking(self.world.database) as look:
            if wish.version is not None:
                version = versions.get(look, wish.version)
                if version.api != place.api:
                    raise NotFoundError("This API has no such version.")
                return version.id, version.artifact
            record = artifacts.get(look, wish.artifact or "")
            if record.api_id != place.api or record.version_id is None:
                raise NotFoundError("This API has no such artifact.")
            return record.version_id, record.digest

    def _deploy(
        self, place: Place, draft: DeploymentDraft, options: Options, by: Actor
    ) -> DeploymentRecord:
        with working(self.world.database, by, time.time()) as work:
            record = deployments.create(work, draft)
        release = Release(
            deployment=record.id,
            version=record.version,
            artifact=record.artifact,
            nodes=record.nodes,
            units=record.units,
            options=options,
        )
        self._ask_or_drop(place, Deploy(release), record)
        return record

    def _redeploy(self, place: Place, state: Rollout, by: Actor) -> DeploymentRecord:
        earlier = self.history.before(place, state)
        size = _size(state)
        draft = DeploymentDraft(
            api=place.api,
            environment=place.environment,
            version=earlier.version,
            artifact=earlier.artifact,
            kind=Kind.DEPLOY.value,
            nodes=size[0],
            units=size[1],
        )
        live = None if state.live is None else state.release(state.live)
        options = Options(bake=0) if live is None else replace(live.options, bake=0.0)
        return self._deploy(place, draft, options, by)

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

    def _refuse_if_changing(self, state: Rollout) -> None:
        """Refuse early, so that no deployment is written down for nothing."""
        if state.change is not None:
            empty = Release(deployment="dep_none", version="")
            self.world.places.dry_run(state, Deploy(empty))

    def _status(self, place: Place, state: Rollout) -> PlaceStatus:
        route = self.routing.path(place)
        return PlaceStatus(
            api=place.api,
            environment=place.environment,
            revision=self.world.places.revision(place),
            rollout=state,
            nodes=tuple(self._node(place, state, node) for node in state.nodes),
            address=None if route is None else self.base + route,
            preview=None if route is None else f"{self.base}/preview{route}",
            alerts=tuple(self._alerts(state)),
        )

    def _node(self, place: Place, state: Rollout, node: Node) -> NodeStatus:
        seen = (self.fleet.seen or {}).get(node.id)
        figures = self.world.gateway.figures(node.id)
        stats = None if seen is None else self.world.driver.stats(node.id)
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
            requests=None if figures is None else figures.requests,
            errors=None if figures is None else figures.errors,
            cpu=None if stats is None else stats.cpu,
            memory=None if stats is None else stats.memory,
        )

    def _alerts(self, state: Rollout) -> Iterator[str]:
        for problem in (self.fleet.problem, self.routing.problem):
            if problem is not None:
                yield problem
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
    for value, most, pointer in ((nodes, MOST_NODES, "/nodes"), (units, MOST_UNITS, "/units")):
        if value is not None and not 1 <= value <= most:
            raise ManagementError(
                f"{value} is not a number of {pointer[1:]}: 1 to {most}.",
                hint="`penstock stop` lets an API rest." if value == 0 else None,
                pointer=pointer,
            )
