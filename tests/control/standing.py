"""A desk on a database of its own: its driver runs nodes in memory, its gateway is not started."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from penstock.control.building import Builder
from penstock.control.desk import ControlDesk
from penstock.control.fleet import Fleet
from penstock.control.history import History
from penstock.control.launch import Launcher
from penstock.control.measuring import Measuring
from penstock.control.places import Places
from penstock.control.routing import Routing
from penstock.control.tasks import Tasks
from penstock.control.world import Link, World
from penstock.deploy.artifact.store import ArtifactStore
from penstock.deploy.drivers.types import ImagePlace, Stopped
from penstock.deploy.gateway import Gateway, GatewayConfig
from penstock.deploy.gateway.types import Domain, GatewaySettings
from penstock.deploy.types import Address, NodeSpec, NodeState, NodeStats, RunningNode
from penstock.errors import NotFoundError
from penstock.secret import Secret
from penstock.store.contents import ContentStore
from penstock.store.database import Database, open_database
from penstock.store.rollouts import RolloutRepository
from penstock.store.vault import open_vault


@dataclass
class MemoryDriver:
    """A `Driver` of nodes that are names. `images` are prepared; `measure` says what nodes use."""

    images: set[str] = field(default_factory=set)
    nodes: dict[str, RunningNode] = field(default_factory=dict)
    measure: Callable[[str], NodeStats | None] = lambda _: None
    name: str = "memory"
    printed: list[bytes] = field(default_factory=lambda: [b"started"])

    def check(self) -> None:
        """Nothing can be missing."""

    def prepare(self, image: ImagePlace) -> None:
        self.images.add(image.digest)

    def prepared(self) -> frozenset[str]:
        return frozenset(self.images)

    def forget(self, digest: str) -> None:
        self.images.discard(digest)

    def start(self, node: NodeSpec) -> None:
        self.nodes[node.id] = RunningNode(
            id=node.id,
            deployment=node.deployment,
            colour=node.colour,
            state=NodeState.RUNNING,
            address=Address(path=f"/nowhere/{node.id}"),
        )

    def list(self) -> tuple[RunningNode, ...]:
        return tuple(self.nodes.values())

    def address(self, node: str) -> Address | None:
        found = self.nodes.get(node)
        return None if found is None else found.address

    def stop(self, node: str, grace: float) -> Stopped:
        del grace
        self.nodes.pop(node, None)
        return Stopped(exit_code=0, killed=False)

    def logs(self, node: str, *, tail: int | None = None, follow: bool = False) -> Iterator[bytes]:
        del tail, follow
        if node not in self.nodes:
            raise NotFoundError(f"There is no node {node} here.")
        return iter(tuple(self.printed))

    def stats(self, node: str) -> NodeStats | None:
        return self.measure(node)

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True)
class Standing:
    desk: ControlDesk
    driver: MemoryDriver
    database: Database

    @property
    def places(self) -> Places:
        return self.desk.world.places

    @property
    def contents(self) -> ContentStore:
        return self.desk.builder.contents


@contextmanager
def standing(home: Path) -> Iterator[Standing]:
    driver = MemoryDriver()
    with open_database(home) as database:
        tasks = Tasks(tell=lambda _place, _events: None, wake=lambda: None)
        world = World(
            home=home,
            database=database,
            vault=open_vault(home, {}),
            artifacts=ArtifactStore(home / "artifacts"),
            driver=driver,
            gateway=Gateway(home / "gateway", GatewaySettings(external=True)),
            places=Places(RolloutRepository(database)),
            tasks=tasks,
            link=Link(address="unix:/nowhere", public_key="", token_of=lambda _: Secret("")),
            observe=lambda _: None,
            take_usage=len,
        )
        routing = Routing(world, lambda routes: GatewayConfig(routes=routes), Domain)
        measuring = Measuring(driver.stats)
        desk = ControlDesk(
            world=world,
            fleet=Fleet(world, routing, Launcher(world)),
            routing=routing,
            builder=Builder(world, ContentStore(home / "contents")),
            history=History(
                database, lambda _: None, lambda held: world.artifacts.hold("manager", held)
            ),
            measuring=measuring,
            base="http://gateway",
            acting=lambda: None,
        )
        try:
            yield Standing(desk, driver, database)
        finally:
            measuring.close()
            tasks.close()
