"""A second machine, as far as Docker can tell: an engine with a network of its own."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from e2e.docker_engine import NoEngineError

NETWORK = "pst-second"
HERE, THERE = "10.213.7.1", "10.213.7.2"
_WITHIN = 60.0


@dataclass(frozen=True)
class Machine:
    """`HERE` is this machine's address for it, `THERE` its own."""

    folder: Path

    @property
    def address(self) -> str:
        return f"unix://{self.folder}/docker.sock"

    @contextmanager
    def engine(self) -> Iterator[None]:
        """Run the engine for a while; what it has stays for the next time."""
        command = ["dockerd", f"--host={self.address}", f"--data-root={self.folder}/data"]
        command += [f"--exec-root={self.folder}/exec", f"--pidfile={self.folder}/pid"]
        with (self.folder / "log").open("ab") as log, run_there(command, log.fileno()) as engine:
            deadline = time.monotonic() + _WITHIN
            while not self._answers():
                if engine.poll() is not None or time.monotonic() > deadline:
                    raise NoEngineError(f"no second engine: {self.folder / 'log'}")
                time.sleep(0.1)
            yield

    def _answers(self) -> bool:
        command = ["docker", "--host", self.address, "version"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextmanager
def run_there(command: list[str], log: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program on the second machine: not `ip netns exec`, which hides the control groups."""
    entered = ["nsenter", f"--net=/run/netns/{NETWORK}", *command]
    with subprocess.Popen(entered, stdout=log, stderr=log) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)


@contextmanager
def second_machine() -> Iterator[Machine]:
    if not all(map(shutil.which, ("ip", "nsenter", "dockerd"))):
        raise NoEngineError("a second machine needs ip, nsenter and dockerd")
    _ip("netns", "delete", NETWORK, may_fail=True)  # of a run that was killed
    with ExitStack() as after:
        folder = Path(tempfile.mkdtemp(prefix="pst-"))
        after.callback(shutil.rmtree, folder, ignore_errors=True)
        try:
            _ip("netns", "add", NETWORK)
        except subprocess.CalledProcessError as error:
            raise NoEngineError("no network can be made here: that needs root") from error
        after.callback(_ip, "netns", "delete", NETWORK)
        _ip("link", "add", "pst-here", "type", "veth", "peer", "name", "pst-there")
        _ip("link", "set", "pst-there", "netns", NETWORK)
        _ip("addr", "add", f"{HERE}/30", "dev", "pst-here")
        _ip("link", "set", "pst-here", "up")
        _ip("-n", NETWORK, "addr", "add", f"{THERE}/30", "dev", "pst-there")
        for device in ("pst-there", "lo"):
            _ip("-n", NETWORK, "link", "set", device, "up")
        yield Machine(folder)


@contextmanager
def registry(folder: Path, port: int) -> Iterator[str]:
    """A registry at the same address of both machines, which engines trust on loopback only."""
    if not shutil.which("docker-registry"):
        raise NoEngineError("there is no docker-registry here")
    settings = folder / "registry.yml"
    settings.write_text(
        f"version: 0.1\nhttp: {{addr: '127.0.0.1:{port}'}}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder}/registry}}}}\n"
    )
    command = ["docker-registry", "serve", str(settings)]
    with (
        (folder / "registry.log").open("wb") as log,
        run_there(command, log.fileno()),
        subprocess.Popen(command, stdout=log, stderr=log) as here,
    ):
        try:
            yield f"127.0.0.1:{port}"
        finally:
            here.terminate()


def _ip(*arguments: str, may_fail: bool = False) -> None:
    subprocess.run(["ip", *arguments], check=not may_fail, capture_output=True)
