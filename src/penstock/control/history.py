"""What a rollout notes -> the history of deployments, and what of it is kept for going back."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from penstock.deploy.rollout.types import ENDED, Note, Phase, Release, Rollout
from penstock.deploy.types import Place
from penstock.errors import ConflictError, NotFoundError
from penstock.events import DeploymentAlert, DeploymentProgress, Observer
from penstock.store import apis, deployments
from penstock.store.database import Database
from penstock.store.deployments import DeploymentRecord
from penstock.store.unit import SYSTEM, looking, working

KEPT = 5  # deployments of each place whose artifacts are kept for going back


@dataclass(slots=True)
class History:
    """`hold` keeps artifacts from whoever collects what nobody needs."""

    database: Database
    observe: Observer
    hold: Callable[[AbstractSet[str]], None]
    _held: dict[Place, frozenset[str]] = field(default_factory=dict)

    def note(self, place: Place, state: Rollout, notes: Sequence[Note]) -> None:
        """Write down how far deployments are. It can be done again: see `repair`."""
        for note in notes:
            self._tell(place, note)
            if note.phase is not None:
                artifact = _artifact(state, note.deployment)
                self._write(note.deployment, note.phase, note.detail, artifact)
                self.keep(place, state)
            if note.phase in (Phase.BAKING, Phase.DONE):
                with working(self.database, SYSTEM, time.time()) as work:
                    apis.publish(work, place.api)

    def keep(self, place: Place, state: Rollout) -> None:
        """Have what this place may need kept, beside what others need."""
        self._held[place] = self.kept(place, state)
        self.hold(frozenset[str]().union(*self._held.values()))

    def repair(self, place: Place, state: Rollout) -> None:
        """Write down what a manager that was killed no longer could."""
        self.keep(place, state)
        for change in (state.last, state.change):
            if change is not None:
                artifact = change.release.artifact
                self._write(change.deployment, change.phase, change.reason, artifact)

    def kept(self, place: Place, state: Rollout) -> frozenset[str]:
        """Return the artifacts of a place that run, are warm, parked, or can be gone back to."""
        change = state.change
        releases: list[Release | None] = [state.blue, state.green, state.parked]
        releases.append(None if change is None else change.release)
        artifacts = {r.artifact for r in releases if r is not None and r.artifact is not None}
        for done in self.done(place, KEPT):
            if done.artifact is not None:
                artifacts.add(done.artifact)
        return frozenset(artifacts)

    def before(self, place: Place, state: Rollout) -> DeploymentRecord:
        """Return the deployment that served before the one that does. Raises ConflictError."""
        live = None if state.live is None else state.release(state.live)
        artifact = None if live is None else live.artifact
        for done in self.done(place, 100):
            if done.artifact is not None and done.artifact != artifact:
                return done
        raise ConflictError(
            "There is no earlier deployment to go back to.", hint="Deploy another version."
        )

    def done(self, place: Place, limit: int) -> tuple[DeploymentRecord, ...]:
        """Return the deployments that went well, the newest first."""
        with looking(self.database) as look:
            latest = deployments.latest(look, place, 100)
        return tuple(d for d in latest if d.status == Phase.DONE.value)[:limit]

    def _write(self, deployment: str, phase: Phase, reason: str, artifact: str | None) -> None:
        with looking(self.database) as look:
            try:
                written = deployments.get(look, deployment)
            except NotFoundError:
                return
        if written.status == phase.value and artifact in (None, written.artifact):
            return
        with working(self.database, SYSTEM, time.time()) as work:
            if phase in ENDED:
                deployments.finish(work, deployment, phase.value, reason)
            else:
                deployments.progress(work, deployment, phase.value, artifact=artifact)

    def refuse(self, deployment: str, reason: str) -> None:
        """Write down that a deployment never came to be."""
        with working(self.database, SYSTEM, time.time()) as work:
            deployments.finish(work, deployment, Phase.ABORTED.value, reason)

    def _tell(self, place: Place, note: Note) -> None:
        told = DeploymentAlert if note.alert else DeploymentProgress
        self.observe(
            told(
                api=place.api,
                environment=place.environment,
                deployment=note.deployment,
                phase=None if note.phase is None else note.phase.value,
                node=note.node,
                detail=note.detail,
            )
        )


def _artifact(state: Rollout, deployment: str) -> str | None:
    """Return what a deployment runs, once it is built."""
    change = state.change
    releases = (None if change is None else change.release, state.blue, state.green)
    found = (r.artifact for r in releases if r is not None and r.deployment == deployment)
    return next(found, None)
