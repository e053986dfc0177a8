"""Programs of the lab: started in order, waited for, ended in reverse."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from e2e.docker_engine import CACHE

BIN = CACHE / "kubernetes" / "bin"
NEEDED = (
    "etcd",
    "pause",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
)
_ENDS_WITHIN = 30.0


def find_missing() -> str | None:
    """Return why there can be no lab on this machine, None if there can."""
    missing = [name for name in NEEDED if not (BIN / name).exists()]
    if missing:
        return f"the lab has no {', '.join(missing)}: make test-kubernetes builds it"
    if os.geteuid() != 0:
        return "the lab needs root: it runs containers and changes the network"
    running = {process.info["name"] for process in psutil.process_iter(["name"])}
    if running & {"kubelet", "kube-proxy"}:
        return "this machine is part of a Kubernetes already"
    return None


@dataclass(kw_only=True)
class Program:
    """One of them; its log is in `logs`."""

    name: str
    options: Sequence[str]
    logs: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        # Where the tests are killed, it is too.
        command = ["setpriv", "--pdeathsig", "KILL", str(BIN / self.name), *self.options]
        with (self.logs / f"{self.name}.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def program(name: str, options: Sequence[str], logs: Path) -> Iterator[Program]:
    """Run one of them for a while."""
    found = Program(name=name, options=options, logs=logs)
    found.start()
    try:
        yield found
    finally:
        found.stop()


def wait_for(ready: Callable[[], bool], what: str, logs: Path, within: float = 120.0) -> None:
    """Raise TimeoutError, with the end of each log, where it does not come true."""
    deadline = time.monotonic() + within
    while not ready():
        if time.monotonic() > deadline:
            ends = [f"{log.name}: {last_line(log)}" for log in sorted(logs.glob("*.log"))]
            raise TimeoutError(f"{what}: not within {within:.0f} s\n" + "\n".join(ends))
        time.sleep(0.1)


def last_line(log: Path) -> str:
    """Return what a log says last, not the stacks that a program prints when it gives up."""
    lines = log.read_text(errors="replace").splitlines()
    said = [line for line in lines if line[:1] in {"E", "F"}] or lines
    return said[-1][:400] if said else "(nothing)"


def free_port(host: str) -> int:
    with socket.create_server((host, 0)) as free:
        return int(free.getsockname()[1])
