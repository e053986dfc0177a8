"""Nodes as services of one replica: the swarm finds the machine, we keep the node's identity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from secrets import token_hex
from threading import Lock

import msgspec
from docker.errors import APIError, NotFound
from docker.types import SecretReference

from penstock.deploy.drivers.docker.driver import cut
from penstock.deploy.drivers.docker.images import Images
from penstock.deploy.drivers.docker.views import Stats
from penstock.deploy.drivers.engine import Engine
from penstock.deploy.drivers.labels import label, name
from penstock.deploy.drivers.log_stream import Asked, LogStream
from penstock.deploy.drivers.settings import DriverSettings
from penstock.deploy.drivers.swarm.cluster import Cluster
from penstock.deploy.drivers.swarm.ending import Ending
from penstock.deploy.drivers.swarm.following import follow_log
from penstock.deploy.drivers.swarm.images import choose_shelf
from penstock.deploy.drivers.swarm.looking import Looking
from penstock.deploy.drivers.swarm.services import Layout, create, refer, secrets_of
from penstock.deploy.drivers.swarm.views import Service
from penstock.deploy.drivers.types import ImagePlace, Stopped
from penstock.deploy.types import Address, NodeSpec, NodeState, NodeStats, RunningNode
from penstock.errors import ConfigurationError, DriverError, NotFoundError

_GRACE = 30.0
_PROGRESS = 120.0
_LONGEST = 86_400.0
_CONFLICT = 409


class SwarmDriver:
    """Settings: `PENSTOCK_SWARM_REGISTRY`, `_NETWORK`, `_GRACE` and `_PROGRESS` (seconds)."""

    name = "swarm"

    def __init__(self, settings: DriverSettings) -> None:
        environment = settings.environment
        self._settings = settings
        self._engine = Engine(environment)
        self._cluster = Cluster(self._engine, settings.installation)
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)
        self._registry = environment.get("PENSTOCK_SWARM_REGISTRY") or None
        self._shelf = choose_shelf(self._registry, Images(self._engine, settings))
        self._network = environment.get("PENSTOCK_SWARM_NETWORK") or None
        self._grace = _seconds(environment, "PENSTOCK_SWARM_GRACE", _GRACE)
        patience = _seconds(environment, "PENSTOCK_SWARM_PROGRESS", _PROGRESS)
        self._looking = Looking(patience, overlay=self._network is not None)

    def check(self) -> None:
        self._cluster.machine()
        network = self._network
        if network is None:
            return
        try:
            self._engine.call(lambda api: api.inspect_network(network))
        except NotFound as error:
            raise DriverError(
                f"The swarm has no network {network!r}",
                hint=f"docker network create --driver overlay --attachable {network}",
            ) from error

    def prepare(self, image: ImagePlace) -> None:
        self._shelf.load(image)

    def prepared(self) -> frozenset[str]:
        return self._shelf.list()

    def forget(self, digest: str) -> None:
        if not self._cluster.services(artifact=digest):
            self._shelf.remove(digest)

    def start(self, node: NodeSpec) -> None:
        with self._locks[node.id]:
            self._start(node)

    def _start(self, node: NodeSpec) -> None:
        layout = self._layout()
        service = self._cluster.service(node.id)
        task = self._cluster.task(service) if service else None
        if service and service.wanted and (task is None or task.state is not NodeState.EXITED):
            return
        if not self._shelf.has(node.artifact):
            raise DriverError(
                f"No image of the artifact {node.artifact[:19]}… of node {node.id} is here",
                hint="Deploy the version again: that sends its image.",
            )
        old = self._cluster.secrets(node.id)
        labels = label(self._settings.installation, node)
        hidden = self._hide(node, labels)
        template = layout.template(node, self._shelf.name(node.artifact), hidden)
        what = (template, layout.endpoint())
        ours = name(self._settings.installation, node.id)
        if service:
            self._cluster.renew(ours, labels, what)
            self._cluster.remove_secrets(old)
            return
        try:
            self._engine.call(lambda api: create(api, ours, labels, what))
        except DriverError as error:
            self._cluster.remove_secrets([hidden["SecretID"]] if hidden else [])
            if not _exists(error):
                raise  # otherwise another thread made it meanwhile

    def list(self) -> tuple[RunningNode, ...]:
        services = self._cluster.services()
        tasks = self._cluster.tasks(services)
        machines = self._cluster.machines() if services else {}
        return tuple(self._looking.node(one, tasks.get(one.id), machines) for one in services)

    def address(self, node: str) -> Address | None:
        service = self._cluster.service(node)
        task = self._cluster.task(service) if service else None
        return self._looking.address(task, self._cluster.machines()) if task else None

    def stop(self, node: str, grace: float) -> Stopped:
        service = self._cluster.service(node)
        stopped = Stopped(exit_code=None, killed=False)
        if service:
            stopped = Ending(self._cluster, self._grace).end(service, grace)
            self._cluster.remove(service.id)
        self._cluster.remove_secrets(self._cluster.secrets(node))
        return stopped

    def logs(self, node: str, *, tail: int | None = None, follow: bool = False) -> Iterator[bytes]:
        service = self._cluster.service(node)
        if service is None:
            raise NotFoundError(f"There is no node {node} here")
        return self._log(service, Asked(f"services/{service.id}", tail, follow))

    def stats(self, node: str) -> NodeStats | None:
        """Return figures of a node on this machine; those of others only their engines know."""
        service = self._cluster.service(node)
        task = self._cluster.task(service) if service else None
        if task is None or task.state is not NodeState.RUNNING:
            return None
        if task.machine != self._cluster.machine():
            return NodeStats(cpu=None, memory=None)
        try:
            found = self._engine.call(
                lambda api: api.stats(task.container, stream=False, one_shot=True)
            )
        except NotFound:
            return None
        return msgspec.convert(found, Stats).figures()

    def close(self) -> None:
        self._engine.close()

    def _layout(self) -> Layout:
        return Layout(
            installation=self._settings.installation,
            grace=self._grace,
            network=self._network,
            machine=None if self._registry else self._cluster.machine(),
            command=self._settings.command,
        )

    def _hide(self, node: NodeSpec, labels: dict[str, str]) -> SecretReference | None:
        """Keep a node's secrets in the swarm; a new start has new ones, under a name of its own."""
        content = secrets_of(node)
        if content is None:
            return None
        ours = f"{name(self._settings.installation, node.id)}-{token_hex(4)}"
        made = self._engine.call(lambda api: api.create_secret(ours, content, labels=labels))
        return refer(made["ID"], ours)

    def _log(self, service: Service, asked: Asked) -> Iterator[bytes]:
        if asked.follow:
            stream = self._engine.call(lambda api: LogStream(api, asked))
            yield from cut(follow_log(stream, lambda: self._goes_on(service)))
        else:
            yield from cut(self._engine.stream(asked))
        task = self._cluster.task(service)
        if task and task.status.err:  # such as: no such image, no machine has room
            yield f"swarm: {task.status.err}".encode()

    def _goes_on(self, service: Service) -> bool:
        task = self._cluster.task(service)
        return task is not None and task.state is not NodeState.EXITED


def _seconds(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name)
    try:
        seconds = float(text) if text else default
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < _LONGEST:
        raise ConfigurationError(f"{name} is no number of seconds: {text!r}", hint="Such as 30.")
    return seconds


def _exists(error: DriverError) -> bool:
    cause = error.__cause__
    return isinstance(cause, APIError) and cause.status_code == _CONFLICT
