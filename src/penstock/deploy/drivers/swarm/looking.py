"""A service, its newest task and the machines -> the node, as everybody else sees nodes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from penstock.deploy.drivers.docker.containers import PORT
from penstock.deploy.drivers.labels import COLOUR, DEPLOYMENT, NODE
from penstock.deploy.drivers.swarm.views import Machine, Service, Task
from penstock.deploy.types import Address, Colour, NodeState, RunningNode


@dataclass(frozen=True, slots=True)
class Looking:
    """`patience` is how long a task may wait for a machine, in seconds: a swarm waits for ever."""

    patience: float
    overlay: bool
    # When each waiting task was first seen, by our own clock: those of machines may differ.
    _waiting: dict[str, float] = field(default_factory=dict)

    def node(
        self, service: Service, task: Task | None, machines: Mapping[str, Machine]
    ) -> RunningNode:
        labels = service.spec.labels
        state = self._state(service, task, machines)
        runs = state is NodeState.RUNNING
        return RunningNode(
            id=labels[NODE],
            deployment=labels[DEPLOYMENT],
            colour=Colour(labels[COLOUR]),
            state=state,
            address=self.address(task, machines) if task and runs else None,
            exit_code=task.exit_code if task else None,
            started=task.started if task else None,
        )

    def address(self, task: Task, machines: Mapping[str, Machine]) -> Address | None:
        if task.state is not NodeState.RUNNING:
            return None
        if self.overlay:
            host = task.overlay_address
            return Address(host=host, port=PORT) if host else None
        machine = machines.get(task.machine)
        return Address(host=machine.host, port=task.port) if machine and task.port else None

    def _state(
        self, service: Service, task: Task | None, machines: Mapping[str, Machine]
    ) -> NodeState:
        """Take for ended what finds no machine, and what was on one that is lost."""
        if task is None:
            return NodeState.STARTING if service.wanted else NodeState.EXITED
        if task.state is NodeState.STARTING:
            began = self._waiting.setdefault(task.id, time.monotonic())
            late = time.monotonic() - began > self.patience
            return NodeState.EXITED if late else NodeState.STARTING
        self._waiting.pop(task.id, None)
        return NodeState.EXITED if lost(task, machines) else task.state


def lost(task: Task, machines: Mapping[str, Machine]) -> bool:
    machine = machines.get(task.machine)
    return task.state is NodeState.RUNNING and (machine is None or not machine.up)
