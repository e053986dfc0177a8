"""A driver on the bench: what the contract's cases need to know of what is behind it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, TypeVar
from uuid import uuid4

import httpx
import msgspec

from penstock.deploy.artifact.archive import write_archive
from penstock.deploy.artifact.build import build_artifact
from penstock.deploy.artifact.store import ArtifactStore
from penstock.deploy.artifact.types import BuildRequest
from penstock.deploy.artifact.unpack import unpack_project
from penstock.deploy.drivers.find import find_driver
from penstock.deploy.drivers.settings import DriverSettings, ImageTools
from penstock.deploy.drivers.types import Driver, ImagePlace
from penstock.deploy.types import Address, Colour, NodeSpec, NodeState, Place, RunningNode
from penstock.secret import Secret

T = TypeVar("T")

WITHIN = 30.0
STANDIN = (Path(__file__).parent / "standin.py").read_text()
HUSH = "hush-7c1f"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a node says of itself: see `standin.facts`."""

    id: str
    pid: int
    session: int
    uid: int
    gid: int
    capabilities: int
    bounding: int
    no_new_privileges: int
    environment: dict[str, str]
    writable: list[str]
    mounts: dict[str, list[str]]
    memory: str
    quota: str
    pids: str
    groups: str
    data: int


class Engine(Protocol):
    """The side of the engine that a driver does not show, one implementation for each driver.

    `contained` nodes are in containers, and hardened.
    """

    @property
    def contained(self) -> bool: ...

    @property
    def settings(self) -> Mapping[str, str]: ...

    @property
    def command(self) -> tuple[str, ...]: ...

    def pid(self, driver: Driver, node: str) -> int:
        """Return the id of a node's process, as this machine sees it."""

    def shown(self, home: Path) -> str:
        """Return all that somebody sees who lists what runs, or reads what is written."""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One installation with a driver, and nodes that are told what to do."""

    name: str
    engine: Engine
    image: ImagePlace
    settings: DriverSettings
    drivers: list[Driver] = field(default_factory=list)

    @property
    def contained(self) -> bool:
        return self.engine.contained

    @property
    def driver(self) -> Driver:
        return self.drivers[0]

    def again(self) -> Driver:
        """Return the driver of a manager that was started anew."""
        driver = find_driver(self.name, self.settings)
        self.drivers.append(driver)
        return driver

    def spec(self, **changes: object) -> NodeSpec:
        node = NodeSpec(
            id=f"n-{uuid4().hex[:16]}",
            place=Place("api_test"),
            deployment="dep_test",
            colour=Colour.GREEN,
            artifact=self.image.digest,
        )
        node = replace(node, **changes)  # type: ignore[arg-type]  # fields of it, by name
        environment: dict[str, str | Secret] = {"PENSTOCK_NODE": node.id}
        environment["PENSTOCK_NODE_TOKEN"] = Secret(HUSH)
        return replace(node, environment=environment | dict(node.environment))

    def run(self, **changes: object) -> NodeSpec:
        """Start a node, and return when it answers."""
        node = self.spec(**changes)
        self.driver.prepare(self.image)
        self.driver.start(node)
        self.wait_for(node)
        return node

    def wait_for(self, node: NodeSpec) -> Facts:
        return until(lambda: self.facts(node), f"{node.id} answers")

    def facts(self, node: NodeSpec) -> Facts | None:
        try:
            return msgspec.json.decode(self.ask(node, "/facts").content, type=Facts)
        except (httpx.TransportError, LookupError):
            return None

    def ask(self, node: NodeSpec, path: str) -> httpx.Response:
        address = self.driver.address(node.id)
        if address is None:
            raise LookupError(node.id)
        return ask(address, path)

    def find(self, node: NodeSpec, driver: Driver | None = None) -> RunningNode:
        """Return the node as it is listed, once."""
        (found,) = [one for one in (driver or self.driver).list() if one.id == node.id]
        return found

    def wait_exit(self, node: NodeSpec) -> RunningNode:
        def exited() -> RunningNode | None:
            found = self.find(node)
            known = found.state is NodeState.EXITED and found.exit_code is not None
            return found if known else None

        return until(exited, f"{node.id} is listed as exited")

    def kill(self, node: NodeSpec, number: int = signal.SIGKILL) -> None:
        os.kill(self.engine.pid(self.driver, node.id), number)

    def leave(self) -> None:
        """End, and take the image along: it can be held a moment longer than its nodes live."""
        self.end()

        def forgotten() -> bool | None:
            self.driver.forget(self.image.digest)
            return not self.driver.prepared() or None

        until(forgotten, "the image is let go of")
        self.driver.close()

    def end(self) -> None:
        for driver in self.drivers:
            for node in driver.list():
                driver.stop(node.id, 0)
            driver.close()


def make_bench(name: str, engine: Engine, image: ImagePlace, home: Path) -> Bench:
    """Return a bench with a driver; `tools` are the real ones, of the store the image is in."""
    store = ArtifactStore(image.layout.parents[1])
    settings = DriverSettings(
        home=home,
        installation=f"test-{uuid4().hex[:8]}",
        tools=ImageTools(
            unpack=unpack_project,
            archive=write_archive,
            push=lambda image, to: store.push(image.digest, to, plain_http=True),
        ),
        environment={**os.environ, **engine.settings},
        command=engine.command,
    )
    bench = Bench(name=name, engine=engine, image=image, settings=settings)
    bench.again()
    return bench


def ask(address: Address, path: str) -> httpx.Response:
    transport = httpx.HTTPTransport(uds=address.path)
    host = "node" if address.path else f"{address.host}:{address.port}"
    with httpx.Client(transport=transport, timeout=10) as client:
        return client.get(f"http://{host}{path}")


def until(look: Callable[[], T | None], what: str, within: float = WITHIN) -> T:
    deadline = time.monotonic() + within
    while (found := look()) is None or found is False:
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within:.0f} s: {what}")
        time.sleep(0.05)
    return found


def make_image(folder: Path) -> ImagePlace:
    """Build an artifact of a small project, with the interpreter that runs."""
    project = folder / "project"
    for name, content in PROJECT.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    store = ArtifactStore(folder / "artifacts")
    artifact = build_artifact(BuildRequest(folder=project), store, lambda _: None)
    return ImagePlace(artifact.digest, store.layout(artifact.digest))


PROJECT = {
    "penstock.yaml": "name: bench\n",
    "connectors/lab.yaml": "engine: duckdb\nfiles: {letters: data/letters.csv}\n",
    "models/letters.yaml": (
        "tables:\n  letters:\n    database: lab\n    attributes:\n      letter: {type: string}\n"
    ),
    "policies/roles.yaml": "roles:\n  analyst: {description: Sees everything.}\n",
    "data/letters.csv": "letter\na\nb\n",
}
