"""A node -> the container that it is: hardened, bounded, with no way in but its address."""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from docker.api.client import APIClient
from docker.errors import DockerException
from docker.types import LogConfig

from penstock.deploy.drivers.environment import reveal
from penstock.deploy.drivers.labels import label
from penstock.deploy.types import UNIT_BYTES, UNIT_CPUS, NodeSpec

PORT = 8080
USER = 10001
PIDS = 256
_PERIOD = 100_000
# In memory, and counted as the node's: spilled and spooled bytes are part of its size.
TMP = 500_000_000
STATE = 250_000_000
LOG = {"max-size": "10m", "max-file": "2"}
RUN = "/run/penstock"
# On the engine's disk: what a node has counted must outlive its end, however that comes.
SPOOL = "/spool"
EVENTS = f"{SPOOL}/events"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A container as it should be; `binds` are folders of this machine, read-only."""

    name: str
    image: str
    network: str
    labels: dict[str, str]
    environment: dict[str, str]
    units: int
    command: tuple[str, ...] | None = None
    binds: dict[str, str] = field(default_factory=dict)

    def create(self, api: APIClient) -> None:
        """Create it, not start it. Raises docker's errors, 409 where the name is taken."""
        units = self.units
        host = api.create_host_config(
            network_mode=self.network,
            read_only=True,
            tmpfs=tmpfs(units),
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            pids_limit=PIDS,
            # Not nano_cpus: that is refused where the machine has fewer CPUs than the size.
            cpu_period=_PERIOD,
            cpu_quota=units * UNIT_CPUS * _PERIOD,
            mem_limit=units * UNIT_BYTES,
            memswap_limit=units * UNIT_BYTES,
            log_config=LogConfig(type=LogConfig.types.JSON, config=LOG),
            restart_policy={"Name": "no"},
            binds={path: {"bind": inside, "mode": "ro"} for path, inside in self.binds.items()},
        )
        api.create_container(
            self.image,
            name=self.name,
            user=f"{USER}:{USER}",
            entrypoint=None if self.command is None else list(self.command),
            environment=self.environment,
            labels=self.labels,
            host_config=host,
            stop_signal="SIGTERM",
            volumes=[SPOOL],
        )
        try:
            api.put_archive(self.name, SPOOL, _own_folder(EVENTS))
        except DockerException:
            api.remove_container(self.name, v=True, force=True)
            raise


def _own_folder(path: str) -> bytes:
    """Return an archive of one folder, of the node's own: a fresh volume is root's alone."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        folder = tarfile.TarInfo(PurePosixPath(path).name)
        folder.type, folder.mode = tarfile.DIRTYPE, 0o700
        folder.uid = folder.gid = USER
        tar.addfile(folder)
    return archive.getvalue()


def tmpfs(units: int) -> dict[str, str]:
    harmless = "rw,nosuid,nodev,noexec"
    return {
        "/tmp": f"{harmless},size={units * TMP},mode=1777",  # noqa: S108 the container's own
        "/state": f"{harmless},size={STATE},uid={USER},gid={USER},mode=700",
    }


def want(node: NodeSpec, *, installation: str, name: str, image: str, network: str) -> Wanted:
    environment = container_environment(node)
    manager = environment.get("PENSTOCK_MANAGER", "")
    binds = {}
    if manager.startswith("unix:"):
        socket = Path(manager.removeprefix("unix:"))
        binds[str(socket.parent)] = RUN
        environment["PENSTOCK_MANAGER"] = f"unix:{RUN}/{socket.name}"
    return Wanted(
        name=name,
        image=image,
        network=network,
        labels=label(installation, node),
        environment=environment,
        units=node.units,
        binds=binds,
    )


def container_environment(node: NodeSpec) -> dict[str, str]:
    return {
        **reveal(node.environment),
        "PENSTOCK_LISTEN": f"0.0.0.0:{PORT}",
        "PENSTOCK_STATE": "/state",
        "PENSTOCK_SPOOL": EVENTS,
    }
