"""What is behind each driver, as the contract's cases need to look at it. One entry for each."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
import psutil
from docker.api.client import APIClient

from deploy.drivers.bench import STANDIN, Engine
from e2e import docker_engine
from penstock.deploy.drivers.types import Driver

# In an image it is called by its name, on this machine it is whichever runs the tests.
IN_IMAGE = ("python3", "-c", STANDIN)
HERE = (sys.executable, "-c", STANDIN)


@dataclass(frozen=True)
class Processes:
    settings: Mapping[str, str]
    contained: bool = False
    command: tuple[str, ...] = HERE

    def pid(self, driver: Driver, node: str) -> int:
        address = driver.address(node)
        assert address
        assert address.path
        run = json.loads((Path(address.path).parent / "run.json").read_text())
        return int(run["pid"])

    def shown(self, home: Path) -> str:
        files = (path for path in (home / "nodes").rglob("*") if path.is_file())
        commands = (process.info["cmdline"] for process in psutil.process_iter(["cmdline"]))
        return "\n".join([*(path.read_text() for path in files), *map(str, commands)])


@dataclass(frozen=True)
class Containers:
    settings: Mapping[str, str]
    api: APIClient
    contained: bool = True
    command: tuple[str, ...] = IN_IMAGE

    def pid(self, driver: Driver, node: str) -> int:
        assert driver.address(node)
        wanted = {"label": f"penstock.node={node}"}
        (found,) = self.api.containers(filters=wanted)
        return int(self.api.inspect_container(found["Id"])["State"]["Pid"])

    def shown(self, home: Path) -> str:
        assert not (home / "nodes").exists()
        listed = self.api.containers(all=True)
        tops = [self.api.top(found["Id"], "-eo pid,args") for found in listed]
        return json.dumps([listed, tops])


@dataclass(frozen=True)
class Services(Containers):
    def shown(self, home: Path) -> str:
        services = self.api.services()  # type: ignore[no-untyped-call]  # its stubs say little
        tasks = self.api.tasks()  # type: ignore[no-untyped-call]  # its stubs say little
        secrets = list(self.api.secrets())
        return super().shown(home) + json.dumps([services, tasks, secrets])


@contextmanager
def processes() -> Iterator[Engine]:
    yield Processes({})


@contextmanager
def containers() -> Iterator[Engine]:
    with docker_engine.find_engine() as found:
        yield Containers(_address(found), connect(found.environment))


@contextmanager
def services() -> Iterator[Engine]:
    with docker_engine.find_engine() as found:
        api = connect(found.environment)
        with swarm(api, "127.0.0.1"):
            yield Services({**_address(found), "PENSTOCK_SWARM_GRACE": "3"}, api)


ENGINES: Mapping[str, Callable[[], AbstractContextManager[Engine]]] = {
    "process": processes,
    "docker": containers,
    "swarm": services,
}


@contextmanager
def swarm(api: APIClient, host: str) -> Iterator[None]:
    """Have the engine manage a swarm for a while, unless it is in one."""
    if api.info()["Swarm"]["LocalNodeState"] != "inactive":
        yield
        return
    with socket.create_server((host, 0)) as free:
        port = free.getsockname()[1]
    api.init_swarm(advertise_addr=host, listen_addr=f"{host}:{port}")
    try:
        yield
    finally:
        api.leave_swarm(force=True)
        with contextlib.suppress(docker.errors.APIError):
            api.remove_network("docker_gwbridge")


def connect(environment: Mapping[str, str]) -> APIClient:
    return docker.from_env(version="auto", environment=dict(environment)).api


def _address(engine: docker_engine.Engine) -> dict[str, str]:
    host = engine.environment.get("DOCKER_HOST", os.environ.get("DOCKER_HOST", ""))
    return {"DOCKER_HOST": host} if host else {}
