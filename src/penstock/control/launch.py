"""A node that was decided -> what its driver is told: image, environment, the link to us."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from penstock.control.world import World
from penstock.deploy.drivers.types import LEFT, ImagePlace
from penstock.deploy.rollout.types import Node
from penstock.deploy.types import NodeSpec, Place
from penstock.errors import NotFoundError
from penstock.link.token import NodeIdentity
from penstock.secret import Secret
from penstock.store import deployments, variables, versions
from penstock.store.unit import Look, looking
from penstock.usage.leftovers import deliver_leftovers


@dataclass(slots=True)
class Launcher:
    world: World
    _preparing: threading.Lock = field(default_factory=threading.Lock)

    def launch(self, place: Place, node: Node) -> None:
        """Start a node. Raises DriverError, NotFoundError, ArtifactError, StorageFullError."""
        self.prepare(node.artifact)
        self.world.driver.start(
            NodeSpec(
                id=node.id,
                place=place,
                deployment=node.deployment,
                colour=node.colour,
                artifact=node.artifact,
                units=node.units,
                environment=self._environment(place, node),
            )
        )

    def prepare(self, digest: str) -> None:
        """Make an artifact runnable: once, however many nodes wait for it."""
        with self._preparing:
            if digest not in self.world.driver.prepared():
                layout = self.world.artifacts.layout(digest)
                self.world.driver.prepare(ImagePlace(digest, layout))

    def bury_all(self) -> None:
        """Take over what nodes that are gone counted and could not tell any more."""
        for folder in sorted((self.world.home / LEFT).glob("n-*")):
            self.bury(folder.name)

    def bury(self, node: str) -> None:
        """Take over what one node left; it stays where it is until it is stored."""
        folder = self.world.home / LEFT / node
        if folder.is_dir():
            deliver_leftovers(folder, self.world.take_usage)
            shutil.rmtree(folder, ignore_errors=True)

    def _environment(self, place: Place, node: Node) -> Mapping[str, str | Secret]:
        with looking(self.world.database) as look:
            own = variables.environment_of(look, self.world.vault, place)
            version = _version(look, node)
        link = self.world.link
        return {
            **own,
            "PENSTOCK_NODE": node.id,
            "PENSTOCK_API": place.api,
            "PENSTOCK_ENVIRONMENT": place.environment,
            "PENSTOCK_VERSION": version,
            "PENSTOCK_DEPLOYMENT": node.deployment,
            "PENSTOCK_COLOUR": node.colour.value,
            "PENSTOCK_MANAGER": link.address,
            "PENSTOCK_NODE_TOKEN": link.token_of(
                NodeIdentity(node.id, place.api, place.environment)
            ),
            "PENSTOCK_SNAPSHOT_KEY": link.public_key,
        }


def _version(look: Look, node: Node) -> str:
    """Return the name of the version that a node runs, empty where it was removed."""
    try:
        return versions.get(look, deployments.get(look, node.deployment).version).name
    except NotFoundError:
        return ""
