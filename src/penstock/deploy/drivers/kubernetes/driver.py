"""Nodes as pods, one each: Kubernetes finds the machine, we keep the node's identity."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections import defaultdict
from collections.abc import Iterator
from threading import Lock

from penstock.deploy.drivers.docker.driver import cut
from penstock.deploy.drivers.docker.images import Images
from penstock.deploy.drivers.engine import Engine
from penstock.deploy.drivers.kubernetes.access import open_access
from penstock.deploy.drivers.kubernetes.cluster import Cluster, TakenError
from penstock.deploy.drivers.kubernetes.ending import Ending
from penstock.deploy.drivers.kubernetes.kept import KeptLogs
from penstock.deploy.drivers.kubernetes.looking import Looking
from penstock.deploy.drivers.kubernetes.options import Expose, read_options
from penstock.deploy.drivers.kubernetes.pods import Layout
from penstock.deploy.drivers.kubernetes.rights import Rights
from penstock.deploy.drivers.kubernetes.things import Things
from penstock.deploy.drivers.kubernetes.views import Pod, Service
from penstock.deploy.drivers.settings import DriverSettings
from penstock.deploy.drivers.swarm.images import choose_shelf
from penstock.deploy.drivers.types import ImagePlace, Stopped
from penstock.deploy.types import (
    Address,
    Colour,
    NodeSpec,
    NodeState,
    NodeStats,
    Place,
    RunningNode,
)
from penstock.errors import DriverError, DriverUnavailableError, NotFoundError

_LOOK_EVERY = 0.2
# Lines of a crashed node's log that its next start keeps.
_KEPT = 10_000
# What is being deleted has so long to go before its node is started anew.
_LEAVES_WITHIN = 10.0


class KubernetesDriver:
    """Settings: KUBECONFIG and those of `options.read_options`."""

    name = "kubernetes"

    def __init__(self, settings: DriverSettings) -> None:
        options = read_options(settings.environment)
        self._settings = settings
        self._options = options
        self._engine = Engine(settings.environment)
        self._shelf = choose_shelf(options.registry, Images(self._engine, settings))
        self._cluster = Cluster(lambda: open_access(options, settings.environment))
        self._things = Things(self._cluster, settings.installation)
        self._ending = Ending(self._things)
        self._looking = Looking(options.patience, options.expose)
        self._kept = KeptLogs(settings.home / "kubernetes")
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)
        self._layout = Layout(
            installation=settings.installation,
            options=options,
            pulled=options.registry is not None,
            command=settings.command,
        )

    def check(self) -> None:
        """Ask for a node without making it: the server says what it, or its policies, refuse."""
        missing = Rights(self._cluster, self._options.expose).missing()
        if missing:
            raise DriverError(
                f"The manager's account may not {', '.join(missing)}"
                f" in the namespace {self._cluster.namespace!r}",
                hint="Give it the rights of deploy/kubernetes/rbac.yaml.",
            )
        self._things.make_pod(self._layout.pod(_SAMPLE, "sample"), only_try=True)
        if not self._options.registry:
            self._check_engine()

    def prepare(self, image: ImagePlace) -> None:
        self._shelf.load(image)

    def prepared(self) -> frozenset[str]:
        return self._shelf.list()

    def forget(self, digest: str) -> None:
        if not self._things.pods(artifact=digest):
            self._shelf.remove(digest)

    def start(self, node: NodeSpec) -> None:
        with self._locks[node.id]:
            pod = self._things.pod(node.id)
            if pod and self._looking.state(pod) is not NodeState.EXITED:
                return
            if not self._shelf.has(node.artifact):
                raise DriverError(
                    f"No image of the artifact {node.artifact[:19]}… of node {node.id} is here",
                    hint="Deploy the version again: that sends its image.",
                )
            wanted = self._layout.pod(node, self._shelf.name(node.artifact))
            if pod:
                self._clear(pod)
            secret = self._layout.secret(node)
            if secret:
                self._things.put_secret(secret)
            service = self._layout.service(node)
            if service:
                self._things.make_service(service)
            try:
                self._things.make_pod(wanted)
            except DriverError as error:
                # Another manager's thread may have made it meanwhile.
                if isinstance(error, TakenError) and self._things.pod(node.id):
                    return
                self._tidy(node.id)
                raise

    def list(self) -> tuple[RunningNode, ...]:
        pods = self._things.pods()
        services = self._things.services() if pods and self._has_services else {}
        return tuple(self._looking.node(pod, services.get(pod.metadata.name)) for pod in pods)

    def address(self, node: str) -> Address | None:
        pod = self._things.pod(node)
        return self._looking.address(pod, self._service(node)) if pod else None

    def stop(self, node: str, grace: float) -> Stopped:
        pod = self._things.pod(node)
        stopped = Stopped(exit_code=None, killed=False)
        if pod:
            stopped = self._ending.end(pod, grace)
        self._tidy(node)
        self._kept.forget(node)
        return stopped

    def logs(self, node: str, *, tail: int | None = None, follow: bool = False) -> Iterator[bytes]:
        pod = self._things.pod(node)
        if pod is None:
            raise NotFoundError(f"There is no node {node} here")
        return self._log(pod, tail) if not follow else self._follow(pod, tail)

    def stats(self, node: str) -> NodeStats | None:
        """CPU used since the start is not known: clusters measure what is used now."""
        pod = self._things.pod(node)
        if pod is None or self._looking.state(pod) is not NodeState.RUNNING:
            return None
        return NodeStats(cpu=None, memory=self._things.memory(pod))

    def close(self) -> None:
        self._cluster.close()
        self._engine.close()

    @property
    def _has_services(self) -> bool:
        return self._options.expose is not Expose.POD

    def _service(self, node: str) -> Service | None:
        if not self._has_services:
            return None
        return next(iter(self._things.services(node=node).values()), None)

    def _clear(self, pod: Pod) -> None:
        """Make room for a new pod of this name, and keep what the old one said."""
        if pod.begun:
            with contextlib.suppress(DriverError):  # its machine is gone, and the log with it
                self._kept.keep(pod.node, self._things.log(pod, tail=_KEPT, follow=False))
        if pod.runs:
            self._ending.wait(pod, _LEAVES_WITHIN)
        self._ending.forget(pod)

    def _tidy(self, node: str) -> None:
        self._things.remove_secret(node)
        if self._has_services:
            self._things.remove_service(node)

    def _log(self, pod: Pod, tail: int | None) -> Iterator[bytes]:
        lines: list[bytes] = []
        if pod.begun:
            lines = list(cut(self._things.log(pod, tail=tail, follow=False)))
        yield from self._kept.lines(pod.node, None if tail is None else tail - len(lines))
        yield from lines
        yield from _reason(pod)

    def _follow(self, pod: Pod, tail: int | None) -> Iterator[bytes]:
        if tail is None:
            yield from self._kept.lines(pod.node)
        found: Pod | None = pod
        # It has a log yet to come, or will have none.
        while found and not found.begun and self._looking.state(found) is NodeState.STARTING:
            time.sleep(_LOOK_EVERY)
            yield b""
            found = self._things.pod(pod.node)
        if found and found.begun:
            yield from cut(self._things.log(found, tail=tail, follow=True))
            found = self._things.pod(pod.node)
        if found:
            yield from _reason(found)

    def _check_engine(self) -> None:
        """Without a registry images are on this machine's engine, which must be the cluster's."""
        try:
            self._engine.call(lambda api: api.ping())
        except DriverUnavailableError as error:
            raise DriverUnavailableError(
                "Nodes' images have nowhere to go: no registry is named, and no Docker is here",
                hint="Name a registry that the cluster pulls from: PENSTOCK_KUBERNETES_REGISTRY.",
            ) from error


def _reason(pod: Pod) -> Iterator[bytes]:
    """Say what Kubernetes says of it, such as: no machine has room, no such image."""
    said = str(pod.why)
    if said:
        yield from itertools.islice(
            (f"kubernetes: {line}".encode() for line in said.splitlines()), 5
        )


_SAMPLE = NodeSpec(
    id="n-sample",
    place=Place("api_sample"),
    deployment="dep_sample",
    colour=Colour.BLUE,
    artifact="sha256:sample",
)
