"""What the REST handlers ask of whoever deploys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from penstock.deploy.types import Place
from penstock.store.builds import BuildRecord
from penstock.store.deployments import DeploymentRecord
from penstock.store.desk import Collected, DeployWish, PlaceStatus, Problem, ScaleWish
from penstock.store.unit import Actor


class Desk(Protocol):
    """Every method may be called from any thread, writes down what is wanted, and returns soon.

    They raise NotFoundError, ConflictError, DeploymentRunningError, ArtifactError, StateError.
    """

    def deploy(self, place: Place, wish: DeployWish, by: Actor) -> DeploymentRecord: ...

    def promote(self, place: Place, by: Actor) -> None:
        """Approve what is ready."""

    def abort(self, place: Place, reason: str, by: Actor) -> None: ...

    def rollback(self, place: Place, reason: str, by: Actor) -> DeploymentRecord: ...

    def scale(self, place: Place, wish: ScaleWish, by: Actor) -> None: ...

    def stop(self, place: Place, by: Actor, *, keep_size: bool) -> None: ...

    def start(self, place: Place, by: Actor) -> DeploymentRecord: ...

    def build(self, version: str, by: Actor) -> BuildRecord:
        """Queue a build, and run it in the background; its lines go to the build's log."""

    def status(self, place: Place) -> PlaceStatus | None:
        """Return what is known of a place, None where nothing was ever deployed."""

    def statuses(self) -> tuple[PlaceStatus, ...]: ...

    def knows(self, place: Place, node: str) -> bool:
        """Whether a place has this node, in whatever phase; one that was removed is not known."""

    def logs(self, node: str, *, tail: int | None, follow: bool) -> Iterator[bytes]:
        """Yield lines of what a node printed, or what was kept of one that failed and is gone.

        Following, it yields an empty one at least every second: whoever left is noticed then.
        Raises NotFoundError.
        """

    def collect(self) -> Collected:
        """Remove artifacts that nothing deployed, or kept for rollback, needs."""

    def problem(self) -> Problem | None:
        """Say why nothing can be deployed at present, None when all is well."""
