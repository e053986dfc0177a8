"""A node of a swarm, ended: asked, watched, forced where we can."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass

from docker.errors import NotFound

from penstock.deploy.drivers.swarm.cluster import Cluster
from penstock.deploy.drivers.swarm.looking import lost
from penstock.deploy.drivers.swarm.views import Service, Task
from penstock.deploy.drivers.types import Stopped
from penstock.deploy.types import NodeState
from penstock.errors import DriverError

_LOOK_EVERY = 0.05
# What the swarm's managers need to hear of an end.
_HEARD_WITHIN = 20.0
_SIGKILLED = 137


@dataclass(frozen=True, slots=True)
class Ending:
    """`grace` is what the node was started with: the swarm allows no other when it ends."""

    cluster: Cluster
    grace: float

    def end(self, service: Service, grace: float) -> Stopped:
        task = self.cluster.task(service)
        if task is None or task.state is NodeState.EXITED:
            return Stopped(exit_code=task.exit_code if task else None, killed=False)
        if lost(task, self.cluster.machines()):
            return Stopped(exit_code=None, killed=True)
        self.cluster.empty(service.id)
        last, killed = self._watch(service, task, grace)
        # The swarm forgets how a task ended after a quarter of a second; mostly we have seen it.
        ended = last.state is NodeState.EXITED
        code = last.exit_code if ended else None
        return Stopped(exit_code=code, killed=killed or code == _SIGKILLED)

    def _watch(self, service: Service, task: Task, grace: float) -> tuple[Task, bool]:
        """Return the task as it was seen last, and whether it had to be killed."""
        began = time.monotonic()
        killed = False
        while task.state is not NodeState.EXITED:
            waited = time.monotonic() - began
            if waited > max(grace, self.grace) + _HEARD_WITHIN:
                return task, True
            if waited >= grace and not killed:
                killed = self._kill(task)
            time.sleep(_LOOK_EVERY)
            now = self.cluster.task(service)
            if now is None:
                return task, killed or waited >= self.grace
            task = now
        return task, killed

    def _kill(self, task: Task) -> bool:
        """Kill a container of this machine; another engine does so when its own grace is over."""
        if not task.container or task.machine != self.cluster.machine():
            return False
        with contextlib.suppress(NotFound, DriverError):
            self.cluster.engine.call(lambda api: api.kill(task.container, "SIGKILL"))
            return True
        return False
