"""A pod -> the node, as everybody else sees nodes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import assert_never

from penstock.deploy.drivers.docker.containers import PORT
from penstock.deploy.drivers.kubernetes.options import Expose
from penstock.deploy.drivers.kubernetes.views import Pod, Service
from penstock.deploy.drivers.labels import COLOUR, DEPLOYMENT
from penstock.deploy.types import Address, Colour, NodeState, RunningNode

# What no wait mends.
_HOPELESS = {"InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError"}


@dataclass(frozen=True, slots=True)
class Looking:
    """`patience` is how long a pod may wait, in seconds: Kubernetes waits for ever."""

    patience: float
    expose: Expose
    # When each waiting pod was first seen, by our own clock: the server's may differ.
    _waiting: dict[str, float] = field(default_factory=dict)

    def node(self, pod: Pod, service: Service | None) -> RunningNode:
        labels = pod.metadata.annotations
        state = self.state(pod)
        ended = state is NodeState.EXITED
        return RunningNode(
            id=pod.node,
            deployment=labels[DEPLOYMENT],
            colour=Colour(labels[COLOUR]),
            state=state,
            address=self.address(pod, service),
            exit_code=pod.exit_code if ended else None,
            started=pod.started,
        )

    def state(self, pod: Pod) -> NodeState:
        """Take for ended what somebody else deletes, and what does not come to run."""
        if pod.ended or pod.leaving or pod.runs:
            self._waiting.pop(pod.metadata.uid, None)
            return NodeState.RUNNING if pod.runs and not pod.leaving else NodeState.EXITED
        if pod.why.reason in _HOPELESS:
            return NodeState.EXITED
        began = self._waiting.setdefault(pod.metadata.uid, time.monotonic())
        late = time.monotonic() - began > self.patience
        return NodeState.EXITED if late else NodeState.STARTING

    def address(self, pod: Pod, service: Service | None) -> Address | None:
        if self.state(pod) is not NodeState.RUNNING:
            return None
        host, port = self._place(pod, service)
        return Address(host=host, port=port) if host and port else None

    def _place(self, pod: Pod, service: Service | None) -> tuple[str, int]:
        match self.expose:
            case Expose.POD:
                return pod.status.pod_ip, PORT
            case Expose.SERVICE:
                return service.spec.ip if service else "", PORT
            case Expose.NODE_PORT:
                ports = service.spec.ports if service else ()
                return pod.status.host_ip, ports[0].node_port if ports else 0
            case unknown:
                assert_never(unknown)
