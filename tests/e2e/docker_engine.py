"""A real container engine: the one that runs here, or one started for the tests and ended after."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# Kept between runs: the base image, the layers that hold the packages, the packages themselves.
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "penstock-tests"


class NoEngineError(Exception):
    """Nothing here can run a container; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """`environment` holds the engine's address. `compose` is the program that reads our file."""

    environment: Mapping[str, str]
    compose: tuple[str, ...]

    def docker(self, *arguments: str) -> str:
        return self.run("docker", *arguments)

    def run(self, *command: str, folder: Path | None = None, **variables: str) -> str:
        """Return what it prints; where it fails, say what it said."""
        environment = {**self.environment, **variables}
        done = subprocess.run(
            command, cwd=folder, env=environment, text=True, capture_output=True, check=False
        )
        if done.returncode:
            said = f"{done.stdout}{done.stderr}"[-4000:]
            raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}\n{said}")
        return done.stdout.strip()


@contextmanager
def find_engine() -> Iterator[Engine]:
    """Yield an engine, and end it afterwards only where it was started here.

    One run of the tests at a time has it: names of images and containers are the same in each.
    """
    if not shutil.which("docker"):
        raise NoEngineError("there is no docker here")
    compose = _find_compose()
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with _find_engine(compose) as engine:
            yield engine


@contextmanager
def _find_engine(compose: tuple[str, ...]) -> Iterator[Engine]:
    environment = dict(os.environ)
    if _answers(environment):
        yield Engine(environment=environment, compose=compose)
        return
    if os.geteuid() != 0 or not shutil.which("dockerd"):
        raise NoEngineError("no engine answers, and none can be started (dockerd needs root)")
    with _start_engine() as address:
        environment["DOCKER_HOST"] = address
        engine = Engine(environment=environment, compose=compose)
        _tidy(engine)
        yield engine


def _tidy(engine: Engine) -> None:
    """Remove from a disk that is only ours what a broken run left, and what is a day old."""
    for kind in ("container", "network", "volume"):
        engine.docker(kind, "prune", "--force")
    engine.docker("image", "prune", "--force", "--filter", "until=24h")


@contextmanager
def _start_engine() -> Iterator[str]:
    folder = CACHE / "engine"
    folder.mkdir(parents=True, exist_ok=True)
    run = Path("/run/penstock-tests")
    log = folder / "log"
    command = [
        "dockerd",
        f"--host=unix://{run}/docker.sock",
        f"--data-root={folder / 'data'}",
        f"--exec-root={run}",
        f"--pidfile={run}/dockerd.pid",
    ]
    run.mkdir(exist_ok=True)
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as it:
        try:
            _wait_for(it, f"unix://{run}/docker.sock", log)
            yield f"unix://{run}/docker.sock"
        finally:
            it.terminate()
            it.wait(60)


def _wait_for(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    environment = {**os.environ, "DOCKER_HOST": address}
    deadline = time.monotonic() + 60
    while not _answers(environment):
        if process.poll() is not None or time.monotonic() > deadline:
            last = log.read_text(errors="replace").splitlines()[-1:]
            raise NoEngineError(f"dockerd does not start here: {' '.join(last)}")
        time.sleep(0.2)


def _answers(environment: Mapping[str, str]) -> bool:
    command = ["docker", "version", "--format", "{{.Server.Version}}"]
    done = subprocess.run(command, env=dict(environment), capture_output=True, check=False)
    return done.returncode == 0


def _find_compose() -> tuple[str, ...]:
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    if plugin.returncode == 0:
        return ("docker", "compose")
    if shutil.which("docker-compose"):
        return ("docker-compose",)
    raise NoEngineError("there is no docker-compose here")
