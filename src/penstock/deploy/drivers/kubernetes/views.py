"""What an API server says of pods and services, as much of it as we read."""

from __future__ import annotations

from datetime import datetime

import msgspec

from penstock.deploy.drivers.labels import NODE

# What Kubernetes says while all is well.
_FINE = {"", "Completed", "Error", "ContainerCreating", "PodInitializing", "Started"}


class Meta(msgspec.Struct, frozen=True, rename="camel"):
    name: str
    uid: str = ""
    resource_version: str = ""
    annotations: dict[str, str] = {}
    deletion_timestamp: str | None = None


class _Waiting(msgspec.Struct, frozen=True):
    reason: str = ""
    message: str = ""


class _Running(msgspec.Struct, frozen=True, rename="camel"):
    started_at: str | None = None


class _Terminated(msgspec.Struct, frozen=True, rename="camel"):
    exit_code: int
    reason: str = ""
    message: str = ""
    started_at: str | None = None


class _State(msgspec.Struct, frozen=True):
    waiting: _Waiting | None = None
    running: _Running | None = None
    terminated: _Terminated | None = None


class _Container(msgspec.Struct, frozen=True):
    state: _State


class _Condition(msgspec.Struct, frozen=True):
    type: str
    status: str
    reason: str = ""
    message: str = ""


class _Status(msgspec.Struct, frozen=True, rename="camel"):
    phase: str = "Pending"
    reason: str = ""
    message: str = ""
    pod_ip: str = msgspec.field(name="podIP", default="")
    host_ip: str = msgspec.field(name="hostIP", default="")
    conditions: tuple[_Condition, ...] = ()
    container_statuses: tuple[_Container, ...] = ()


class Why(msgspec.Struct, frozen=True):
    """Why a pod is not as it should be, in the cluster's words; empty where nothing is said."""

    reason: str = ""
    message: str = ""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.reason, self.message) if part)


class Pod(msgspec.Struct, frozen=True):
    metadata: Meta
    status: _Status = msgspec.field(default_factory=_Status)

    @property
    def node(self) -> str:
        return self.metadata.annotations.get(NODE, "")

    @property
    def ended(self) -> bool:
        return self.status.phase in {"Succeeded", "Failed"}

    @property
    def leaving(self) -> bool:
        """Whether somebody deletes it: us, a drained machine, a cluster that is short of room."""
        return self.metadata.deletion_timestamp is not None

    @property
    def runs(self) -> bool:
        return not self.ended and self._state.running is not None

    @property
    def begun(self) -> bool:
        """Whether it has a log."""
        return bool(self._state.running or self._state.terminated)

    @property
    def exit_code(self) -> int | None:
        return self._state.terminated.exit_code if self._state.terminated else None

    @property
    def started(self) -> float | None:
        found = self._state.running or self._state.terminated
        if found is None or found.started_at is None:
            return None
        return datetime.fromisoformat(found.started_at).timestamp()

    @property
    def why(self) -> Why:
        state = self._state
        scheduled = (one for one in self.status.conditions if one.type == "PodScheduled")
        told = (state.terminated, state.waiting, self.status, *scheduled)
        found = [one for one in told if one and one.reason not in _FINE]
        return Why(found[0].reason, found[0].message.strip()) if found else Why()

    @property
    def _state(self) -> _State:
        containers = self.status.container_statuses
        return containers[0].state if containers else _State()


class Pods(msgspec.Struct, frozen=True):
    items: tuple[Pod, ...] = ()


class _Port(msgspec.Struct, frozen=True, rename="camel"):
    port: int
    node_port: int = 0


class _ServiceSpec(msgspec.Struct, frozen=True):
    ip: str = msgspec.field(name="clusterIP", default="")
    ports: tuple[_Port, ...] = ()


class Service(msgspec.Struct, frozen=True):
    metadata: Meta
    spec: _ServiceSpec


class Services(msgspec.Struct, frozen=True):
    items: tuple[Service, ...] = ()


class Event(msgspec.Struct, frozen=True):
    """One line of a watch; `object` is a pod, or says what went wrong with the watch."""

    type: str
    object: msgspec.Raw


class _Review(msgspec.Struct, frozen=True):
    allowed: bool = False


class Reviewed(msgspec.Struct, frozen=True):
    status: _Review


class _Usage(msgspec.Struct, frozen=True):
    memory: str = "0"


class _Measured(msgspec.Struct, frozen=True):
    usage: _Usage = msgspec.field(default_factory=_Usage)


class Metrics(msgspec.Struct, frozen=True):
    containers: tuple[_Measured, ...] = ()


class Refusal(msgspec.Struct, frozen=True):
    """The body of an answer that is an error."""

    message: str = ""
    reason: str = ""
