"""A node -> the service that it is, and the secret that its secrets are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
from docker.api.client import APIClient
from docker.types import (
    ContainerSpec,
    DriverConfig,
    EndpointSpec,
    Mount,
    NetworkAttachmentConfig,
    Placement,
    Resources,
    RestartPolicy,
    SecretReference,
    ServiceMode,
    TaskTemplate,
)

from penstock.deploy.drivers.docker.containers import LOG, PIDS, PORT, RUN, STATE, TMP, USER
from penstock.deploy.drivers.labels import label
from penstock.deploy.types import UNIT_BYTES, UNIT_CPUS, NodeSpec
from penstock.errors import DriverError
from penstock.secret import Secret

_NANO = 10**9
_SECRETS = "penstock-environment"
# Not /state: what a swarm mounts over a folder of the image has its mode, but not its owner.
_PLACE = "/run/node-state"
# Runs in the container before the node. A service's environment is shown to whoever lists
# services, so secrets come as a file; and services cannot be told not to gain privileges (38).
_BOOT = f"""\
import ctypes, json, os, sys
if ctypes.CDLL(None).prctl(38, 1, 0, 0, 0):
    sys.exit("no_new_privs was refused")
if os.path.exists("/run/secrets/{_SECRETS}"):
    with open("/run/secrets/{_SECRETS}") as file:
        os.environ.update(json.load(file))
os.execvp(sys.argv[1], sys.argv[1:])
"""
_NODE = ("penstock", "node", "/project")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What all nodes of this swarm share.

    `network` is an overlay that the manager is on too; without one, nodes listen on ports of their
    machines. `machine` is the one machine whose engine has the images, where no registry has them.
    """

    installation: str
    grace: float
    network: str | None
    machine: str | None
    command: tuple[str, ...] | None

    def endpoint(self) -> EndpointSpec:
        # dnsrr and host ports: virtual IPs and the routing mesh need IPVS in the kernel, and would
        # pick a node themselves.
        ports = None if self.network else {0: (PORT, "tcp", "host")}
        return EndpointSpec("dnsrr", ports=ports)  # type: ignore[arg-type]  # docker-py reads 3

    def template(self, node: NodeSpec, image: str, secret: SecretReference | None) -> TaskTemplate:
        plain = {k: v for k, v in node.environment.items() if isinstance(v, str)}
        environment, mounts = self._manager(plain)
        environment |= {"PENSTOCK_LISTEN": f"0.0.0.0:{PORT}"}
        environment |= {"PENSTOCK_STATE": _PLACE, "PENSTOCK_HOME": _PLACE}
        container = ContainerSpec(
            image,
            command=["python3", "-c", _BOOT, *(self.command or _NODE)],
            env=dict(environment),
            user=f"{USER}:{USER}",
            labels=label(self.installation, node),
            mounts=[*_memory(node.units), *mounts],
            stop_grace_period=int(self.grace * _NANO),
            stop_signal="SIGTERM",
            secrets=[secret] if secret else None,
            read_only=True,
            cap_drop=["ALL"],
        )
        return TaskTemplate(
            container,
            resources=_bounds(node.units),
            restart_policy=RestartPolicy("none"),  # the manager restarts, with back-off
            log_driver=DriverConfig("json-file", LOG),
            networks=[NetworkAttachmentConfig(self.network)] if self.network else None,
            placement=Placement(
                constraints=[f"node.id == {self.machine}"] if self.machine else None
            ),
        )

    def _manager(self, environment: dict[str, str]) -> tuple[dict[str, str], list[Mount]]:
        manager = environment.get("PENSTOCK_MANAGER", "")
        if not manager.startswith("unix:"):
            return environment, []
        if self.machine is None:
            raise DriverError(
                "Nodes on other machines cannot reach the manager by its Unix socket",
                hint="Let the manager listen on an address that the swarm's machines reach.",
            )
        socket = Path(manager.removeprefix("unix:"))
        mount = Mount(RUN, str(socket.parent), type="bind", read_only=True)
        return {**environment, "PENSTOCK_MANAGER": f"unix:{RUN}/{socket.name}"}, [mount]


def secrets_of(node: NodeSpec) -> bytes | None:
    found = {k: v.reveal() for k, v in node.environment.items() if isinstance(v, Secret)}
    return msgspec.json.encode(found) if found else None


def refer(identity: str, name: str) -> SecretReference:
    return SecretReference(
        identity, name, filename=_SECRETS, uid=str(USER), gid=str(USER), mode=0o400
    )


def one() -> ServiceMode:
    return ServiceMode("replicated", 1)


def create(
    api: APIClient, name: str, labels: dict[str, str], what: tuple[TaskTemplate, EndpointSpec]
) -> None:
    template, endpoint = what
    api.create_service(  # type: ignore[no-untyped-call]  # its stubs say little
        template, name=name, labels=labels, mode=one(), endpoint_spec=endpoint
    )


def _bounds(units: int) -> Resources:
    bounds = Resources(cpu_limit=units * UNIT_CPUS * _NANO, mem_limit=units * UNIT_BYTES)
    bounds["Limits"]["Pids"] = PIDS  # docker-py does not know it yet
    return bounds


def _memory(units: int) -> list[Mount]:
    """Return what can be written: never executed, no devices, which is what swarm mounts."""
    return [
        Mount("/tmp", None, type="tmpfs", tmpfs_size=units * TMP, tmpfs_mode=0o1777),  # noqa: S108 its own
        Mount(_PLACE, None, type="tmpfs", tmpfs_size=STATE, tmpfs_mode=0o1777),
    ]
