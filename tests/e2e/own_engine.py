"""A container engine of a test's own, beside the one that runs here: to be killed, and started."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from e2e.docker_engine import NoEngineError

_PATIENCE = 60.0  # seconds


@dataclass
class OwnEngine:
    """`folder` is removed at the end. With `live_restore` containers outlive their engine."""

    folder: Path
    live_restore: bool
    number: int
    process: subprocess.Popen[bytes] | None = None
    run: Path = field(init=False)

    def __post_init__(self) -> None:
        self.run = Path(f"/run/penstock-own-{self.number}")

    @property
    def address(self) -> str:
        return f"unix://{self.run}/docker.sock"

    @property
    def bridge(self) -> str:
        return f"pst{self.number}"

    def start(self) -> None:
        """Start it; returns when it answers. Raises NoEngineError."""
        command = [
            "dockerd",
            f"--host={self.address}",
            f"--data-root={self.folder / 'data'}",
            f"--exec-root={self.run}",
            f"--pidfile={self.run / 'dockerd.pid'}",
            # Nothing of it gets in the way of another engine's networks and containers.
            f"--bridge={self.bridge}",
            "--iptables=false",
            "--ip-masq=false",
            f"--containerd-namespace={self.bridge}",
            f"--containerd-plugins-namespace={self.bridge}-plugins",
            *(["--live-restore"] if self.live_restore else []),
        ]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + _PATIENCE
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                last = (self.folder / "log").read_text(errors="replace").splitlines()[-1:]
                raise NoEngineError(f"dockerd does not start here: {' '.join(last)}")
            time.sleep(0.1)

    def kill(self) -> None:
        """End it as the kernel would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(_PATIENCE)

    def stop(self) -> None:
        """End it as its service would."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(_PATIENCE)

    def docker(self, *arguments: str) -> str:
        done = subprocess.run(
            ["docker", "--host", self.address, *arguments],
            text=True,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"docker {' '.join(arguments)}: {done.stderr}")
        return done.stdout.strip()

    def _answers(self) -> bool:
        command = ["docker", "--host", self.address, "version"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextmanager
def own_engine(folder: Path, *, live_restore: bool) -> Iterator[OwnEngine]:
    """Give an engine that runs. Raises NoEngineError where none can."""
    if os.geteuid() != 0 or not shutil.which("dockerd") or not shutil.which("docker"):
        raise NoEngineError("no engine can be started here (dockerd needs root)")
    engine = OwnEngine(folder, live_restore, os.getpid())
    folder.mkdir(parents=True, exist_ok=True)
    engine.run.mkdir(mode=0o711, exist_ok=True)
    with _bridge(engine.bridge, engine.number):
        try:
            engine.start()
            yield engine
        finally:
            _end(engine)


@contextmanager
def _bridge(name: str, number: int) -> Iterator[None]:
    address = f"10.213.{number % 256}.1/24"
    for command in (
        ("link", "add", name, "type", "bridge"),
        ("addr", "add", address, "dev", name),
        ("link", "set", name, "up"),
    ):
        done = subprocess.run(["ip", *command], text=True, capture_output=True, check=False)
        if done.returncode:
            raise NoEngineError(f"no network can be made here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["ip", "link", "delete", name], check=False, capture_output=True)


def _end(engine: OwnEngine) -> None:
    """Leave no container, no mount and no file behind, whatever state it is in."""
    with contextlib.suppress(RuntimeError, NoEngineError):
        if not engine._answers():  # noqa: SLF001 it is this module's
            engine.start()
        if found := engine.docker("ps", "--all", "--quiet").split():
            engine.docker("rm", "--force", "--volumes", *found)
    engine.stop()
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in reversed(mounts):
        if mount.startswith((str(engine.run), str(engine.folder))):
            subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)
    shutil.rmtree(engine.run, ignore_errors=True)
    shutil.rmtree(engine.folder, ignore_errors=True)
