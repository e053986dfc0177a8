"""What a swarm says of services, tasks and machines, as much of it as we read."""

from __future__ import annotations

import msgspec

from penstock.deploy.drivers.docker.views import read_time
from penstock.deploy.types import NodeState

_ENDED = {"complete", "failed", "shutdown", "rejected", "remove", "orphaned"}


class _Version(msgspec.Struct, frozen=True, rename="pascal"):
    index: int


class _Replicas(msgspec.Struct, frozen=True, rename="pascal"):
    replicas: int = 0


class _Mode(msgspec.Struct, frozen=True, rename="pascal"):
    replicated: _Replicas | None = None


class _Template(msgspec.Struct, frozen=True, rename="pascal"):
    force_update: int = 0


class _Spec(msgspec.Struct, frozen=True, rename="pascal"):
    name: str
    labels: dict[str, str]
    mode: _Mode
    task_template: _Template


class Service(msgspec.Struct, frozen=True):
    id: str = msgspec.field(name="ID")
    version: _Version = msgspec.field(name="Version")
    spec: _Spec = msgspec.field(name="Spec")

    @property
    def wanted(self) -> bool:
        """Whether it is to run: what is being stopped has no replica any more."""
        return bool(self.spec.mode.replicated and self.spec.mode.replicated.replicas)


class _Port(msgspec.Struct, frozen=True, rename="pascal"):
    published_port: int = 0


class _Ports(msgspec.Struct, frozen=True, rename="pascal"):
    ports: tuple[_Port, ...] | None = None


class _Container(msgspec.Struct, frozen=True):
    id: str = msgspec.field(name="ContainerID", default="")
    exit_code: int = msgspec.field(name="ExitCode", default=0)


class _Status(msgspec.Struct, frozen=True, rename="pascal"):
    timestamp: str
    state: str
    err: str = ""
    container_status: _Container | None = None
    port_status: _Ports | None = None


class _Attachment(msgspec.Struct, frozen=True, rename="pascal"):
    addresses: tuple[str, ...] | None = None


class Task(msgspec.Struct, frozen=True):
    id: str = msgspec.field(name="ID")
    service: str = msgspec.field(name="ServiceID")
    created: str = msgspec.field(name="CreatedAt")
    status: _Status = msgspec.field(name="Status")
    machine: str = msgspec.field(name="NodeID", default="")
    attachments: tuple[_Attachment, ...] | None = msgspec.field(
        name="NetworksAttachments", default=None
    )

    @property
    def state(self) -> NodeState:
        if self.status.state in _ENDED:
            return NodeState.EXITED
        return NodeState.RUNNING if self.status.state == "running" else NodeState.STARTING

    @property
    def container(self) -> str:
        return self.status.container_status.id if self.status.container_status else ""

    @property
    def exit_code(self) -> int | None:
        """Return how its container ended, None where it never had one or nobody knows."""
        found = self.status.container_status
        ended = self.state is NodeState.EXITED and self.container
        return found.exit_code if found and ended and found.exit_code >= 0 else None

    @property
    def started(self) -> float | None:
        if self.state is NodeState.RUNNING:
            return read_time(self.status.timestamp)
        return read_time(self.created) if self.container else None

    @property
    def port(self) -> int:
        ports = self.status.port_status.ports if self.status.port_status else None
        return ports[0].published_port if ports else 0

    @property
    def overlay_address(self) -> str:
        addresses = [one for found in self.attachments or () for one in found.addresses or ()]
        return addresses[0].partition("/")[0] if addresses else ""


class _MachineStatus(msgspec.Struct, frozen=True, rename="pascal"):
    state: str
    addr: str = ""


class _ManagerStatus(msgspec.Struct, frozen=True, rename="pascal"):
    addr: str = ""


class Machine(msgspec.Struct, frozen=True):
    """A node of the swarm, in its own words; a machine, in ours."""

    id: str = msgspec.field(name="ID")
    status: _MachineStatus = msgspec.field(name="Status")
    manager: _ManagerStatus | None = msgspec.field(name="ManagerStatus", default=None)

    @property
    def up(self) -> bool:
        return self.status.state != "down"

    @property
    def host(self) -> str:
        """Return its address; of a manager that listens everywhere, the one it advertises."""
        if self.status.addr not in {"", "0.0.0.0"} or self.manager is None:  # noqa: S104 it is compared
            return self.status.addr
        return self.manager.addr.rpartition(":")[0]
