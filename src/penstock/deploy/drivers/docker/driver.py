"""Nodes as containers: each on a network of the engine, reached at its own address there."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from threading import Lock

import msgspec
from docker.api.client import APIClient
from docker.errors import APIError, NotFound

from penstock.deploy.drivers.docker.containers import PORT, Wanted, want
from penstock.deploy.drivers.docker.images import Images
from penstock.deploy.drivers.docker.left import keep_left
from penstock.deploy.drivers.docker.views import Container, Stats
from penstock.deploy.drivers.engine import Engine
from penstock.deploy.drivers.labels import filters, is_ours, name
from penstock.deploy.drivers.lines import Lines
from penstock.deploy.drivers.log_stream import Asked
from penstock.deploy.drivers.settings import DriverSettings
from penstock.deploy.drivers.types import LEFT, ImagePlace, Stopped
from penstock.deploy.types import Address, NodeSpec, NodeStats, RunningNode
from penstock.errors import DriverError, NotFoundError

_LOOK_EVERY = 0.05
_DIES_WITHIN = 10.0
_CONFLICT = 409


class DockerDriver:
    """`PENSTOCK_DOCKER_NETWORK` names the network of the nodes; the manager must reach it."""

    name = "docker"

    def __init__(self, settings: DriverSettings) -> None:
        self._settings = settings
        self._engine = Engine(settings.environment)
        self._images = Images(self._engine, settings)
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)
        self._network = settings.environment.get("PENSTOCK_DOCKER_NETWORK") or "bridge"

    def check(self) -> None:
        try:
            self._engine.call(lambda api: api.inspect_network(self._network))
        except NotFound as error:
            raise DriverError(
                f"The Docker engine has no network {self._network!r}",
                hint=f"docker network create {self._network}, or unset PENSTOCK_DOCKER_NETWORK.",
            ) from error

    def prepare(self, image: ImagePlace) -> None:
        self._images.load(image)

    def prepared(self) -> frozenset[str]:
        return self._images.list()

    def forget(self, digest: str) -> None:
        wanted = filters(self._settings.installation, artifact=digest)
        if not self._engine.call(lambda api: api.containers(all=True, filters=wanted)):
            self._images.remove(digest)

    def start(self, node: NodeSpec) -> None:
        wanted = self._want(node)
        if not self._images.has(node.artifact):
            raise DriverError(
                f"The engine has no image of the artifact {node.artifact[:19]}… of node {node.id}",
                hint="Deploy the version again: that loads its image.",
            )
        with self._locks[node.id]:
            self._make(wanted)
            self._begin(node, wanted)

    def list(self) -> tuple[RunningNode, ...]:
        wanted = filters(self._settings.installation)
        found = self._engine.call(lambda api: api.containers(all=True, filters=wanted))
        seen = (self._inspect(one["Id"]) for one in found)
        return tuple(container.node(PORT) for container in seen if container)

    def address(self, node: str) -> Address | None:
        container = self._find(node)
        return container.address(PORT) if container else None

    def stop(self, node: str, grace: float) -> Stopped:
        container = self._find(node)
        if container is None:
            return Stopped(exit_code=None, killed=False)
        killed = container.runs and not self._signal(container.id, "SIGTERM", grace)
        if killed and not self._signal(container.id, "SIGKILL", _DIES_WITHIN):
            raise DriverError(
                f"The container of node {node} does not die",
                hint=f"docker inspect {name(self._settings.installation, node)}",
            )
        ended = self._inspect(container.id)
        left = self._settings.home / LEFT / node
        with suppress(NotFound):
            self._engine.call(lambda api: keep_left(api, container.id, left))
        self._remove(container.id)
        return Stopped(exit_code=ended.state.exit_code if ended else None, killed=killed)

    def logs(self, node: str, *, tail: int | None = None, follow: bool = False) -> Iterator[bytes]:
        container = self._find(node)
        if container is None:
            raise NotFoundError(f"There is no node {node} here")
        asked = Asked(f"containers/{container.id}", tail, follow)
        return cut(self._engine.stream(asked))

    def stats(self, node: str) -> NodeStats | None:
        container = self._find(node)
        if container is None or not container.runs:
            return None
        try:
            found = self._engine.call(
                lambda api: api.stats(container.id, stream=False, one_shot=True)
            )
        except NotFound:
            return None
        return msgspec.convert(found, Stats).figures()

    def close(self) -> None:
        self._engine.close()

    def _want(self, node: NodeSpec) -> Wanted:
        wanted = want(
            node,
            installation=self._settings.installation,
            name=name(self._settings.installation, node.id),
            image=self._images.name(node.artifact),
            network=self._network,
        )
        return replace(wanted, command=self._settings.command)

    def _make(self, wanted: Wanted) -> None:
        """See that there is a container, as it should be; one that ran keeps its log."""
        container = self._inspect(wanted.name)
        if container and not container.runs and not _fits(container, wanted):
            self._remove(container.id)
            container = None
        if container is None:
            self._engine.call(lambda api: _create(api, wanted))

    def _begin(self, node: NodeSpec, wanted: Wanted) -> None:
        try:
            self._engine.call(lambda api: api.start(wanted.name))
        except NotFound as error:
            raise DriverError(f"The container of node {node.id} went away") from error
        except DriverError:
            self._discard(wanted)
            raise

    def _discard(self, wanted: Wanted) -> None:
        """Remove a container that never ran: it would look like a node that ended."""
        container = self._inspect(wanted.name)
        if container and container.begins:
            self._remove(container.id)

    def _find(self, node: str) -> Container | None:
        container = self._inspect(name(self._settings.installation, node))
        ours = container and is_ours(container.config.labels, self._settings.installation)
        return container if ours else None

    def _inspect(self, container: str) -> Container | None:
        try:
            found = self._engine.call(lambda api: api.inspect_container(container))
        except NotFound:
            return None
        return msgspec.convert(found, Container)

    def _signal(self, container: str, signal: str, within: float) -> bool:
        """Return whether the container ended in time."""
        self._engine.call(lambda api: _kill(api, container, signal))
        deadline = time.monotonic() + within
        while (now := self._inspect(container)) and now.runs:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_LOOK_EVERY)
        return True

    def _remove(self, container: str) -> None:
        self._engine.call(lambda api: _remove(api, container))


def cut(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield lines; an empty chunk, which says that the log is silent, is an empty line."""
    lines = Lines()
    for chunk in chunks:
        yield from lines.add(chunk) if chunk else (b"",)
    yield from lines.end()


def _fits(container: Container, wanted: Wanted) -> bool:
    """Whether it was made for the same: an image adds variables of its own."""
    has = set(container.config.env)
    same = all(f"{key}={value}" in has for key, value in wanted.environment.items())
    return same and container.config.labels.items() >= wanted.labels.items()


def _create(api: APIClient, wanted: Wanted) -> None:
    try:
        wanted.create(api)
    except APIError as error:
        if error.status_code != _CONFLICT:  # another thread made it meanwhile
            raise


def _kill(api: APIClient, container: str, signal: str) -> None:
    try:
        api.kill(container, signal)
    except APIError as error:  # it ended meanwhile
        if error.status_code not in {_CONFLICT, 404}:
            raise


def _remove(api: APIClient, container: str) -> None:
    try:
        api.remove_container(container, v=True, force=True)
    except APIError as error:  # it is gone, or somebody removes it right now
        if error.status_code not in {_CONFLICT, 404}:
            raise
