"""A desk that deploys in memory: what is asked happens at once, and is written down as for real."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from penstock.deploy.rollout.types import Release, Rollout
from penstock.deploy.types import Colour, Place
from penstock.errors import ConflictError, DeploymentRunningError, NotFoundError
from penstock.store import apis, builds, deployments
from penstock.store.builds import BuildLogRepository, BuildRecord
from penstock.store.database import Database
from penstock.store.deployments import DeploymentDraft, DeploymentRecord
from penstock.store.desk import Collected, DeployWish, NodeStatus, PlaceStatus, Problem, ScaleWish
from penstock.store.rollouts import RolloutChange, RolloutRepository
from penstock.store.unit import SYSTEM, Actor, working

DIGEST = "sha256:" + "a" * 64


@dataclass
class MemoryDesk:
    """A `manager.ports.Desk`.

    `busy` makes it refuse deployments; `builds_end` lets builds end. It knows every node but those
    `removed`.
    """

    database: Database
    now: float = 1_000.0
    busy: bool = False
    builds_end: bool = True
    broken: str | None = None
    asked: list[tuple[object, ...]] = field(default_factory=list)
    removed: set[tuple[Place, str]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _running: dict[Place, PlaceStatus] = field(default_factory=dict)

    def deploy(self, place: Place, wish: DeployWish, by: Actor) -> DeploymentRecord:
        if self.busy:
            raise DeploymentRunningError("A deployment is under way.")
        release = Release(
            deployment="", version=wish.version or "", nodes=wish.nodes or 1, units=wish.units or 1
        )
        return self._run(place, release, by, "deploy")

    def promote(self, place: Place, by: Actor) -> None:
        self.asked.append(("promote", by.id))
        self._known(place)

    def abort(self, place: Place, reason: str, by: Actor) -> None:
        self.asked.append(("abort", reason, by.id))
        self._known(place)

    def rollback(self, place: Place, reason: str, by: Actor) -> DeploymentRecord:
        self.asked.append(("rollback", reason, by.id))
        return self._run(place, self._release(place), by, "rollback")

    def scale(self, place: Place, wish: ScaleWish, by: Actor) -> None:
        self.asked.append(("scale", wish, by.id))
        self._known(place)

    def stop(self, place: Place, by: Actor, *, keep_size: bool) -> None:
        self.asked.append(("stop", keep_size, by.id))
        status = self._known(place)
        change = RolloutChange(
            document=b"{}",
            expected=status.revision,
            now=self.now,
            journal=(b'{"phase":"stopped"}',),
        )
        RolloutRepository(self.database).save(place, change)
        del self._running[place]

    def start(self, place: Place, by: Actor) -> DeploymentRecord:
        if place in self._running:
            raise ConflictError("It runs already.")
        return self._run(place, Release(deployment="", version=""), by, "start")

    def build(self, version: str, by: Actor) -> BuildRecord:
        with working(self.database, by, self.now) as work:
            build = builds.create(work, version)
        if self.builds_end:
            self.end_build(build.id)
        return build

    def end_build(self, build: str) -> None:
        with working(self.database, SYSTEM, self.now) as work:
            builds.begin(work, build)
        BuildLogRepository(self.database).append(build, ["step 1", "step 2"], self.now)
        with working(self.database, SYSTEM, self.now) as work:
            builds.finish(work, build, digest=DIGEST)

    def status(self, place: Place) -> PlaceStatus | None:
        return self._running.get(place)

    def statuses(self) -> tuple[PlaceStatus, ...]:
        return tuple(self._running.values())

    def knows(self, place: Place, node: str) -> bool:
        return (place, node) not in self.removed

    def logs(self, node: str, *, tail: int | None, follow: bool) -> Iterator[bytes]:
        self.asked.append(("logs", node, follow))
        yield from [b"one", b"two", b"three"][-(tail or 3) :]

    def collect(self) -> Collected:
        return Collected(artifacts=(), bytes=0)

    def problem(self) -> Problem | None:
        return None if self.broken is None else Problem("DRIVER_UNAVAILABLE", self.broken)

    def _run(self, place: Place, release: Release, by: Actor, kind: str) -> DeploymentRecord:
        draft = DeploymentDraft(
            api=place.api,
            environment=place.environment,
            version=release.version,
            kind=kind,
            nodes=release.nodes,
        )
        with working(self.database, by, self.now) as work:
            apis.get(work, place.api)
            record = deployments.create(work, draft)
        release = msgspec.structs.replace(release, deployment=record.id)
        rollout = Rollout(live=Colour.BLUE, blue=release)
        stored = RolloutRepository(self.database).load(place)
        change = RolloutChange(
            document=msgspec.json.encode(rollout),
            expected=stored.revision if stored else 0,
            now=self.now,
            journal=(b'{"phase":"done"}',),
            versions=frozenset({release.version} - {""}),
        )
        revision = RolloutRepository(self.database).save(place, change)
        node = NodeStatus(
            id=f"n-{record.id[4:]}",
            api=place.api,
            environment=place.environment,
            deployment=record.id,
            colour="blue",
            phase="ready",
            units=1,
            artifact=DIGEST,
        )
        self._running[place] = PlaceStatus(
            api=place.api,
            environment=place.environment,
            revision=revision,
            rollout=rollout,
            nodes=(node,),
        )
        return record

    def _known(self, place: Place) -> PlaceStatus:
        if place not in self._running:
            raise NotFoundError("Nothing runs here.")
        return self._running[place]

    def _release(self, place: Place) -> Release:
        blue = self._known(place).rollout.blue
        if blue is None:
            raise ConflictError("There is nothing to go back to.")
        return blue
