"""Start a server, wait until it answers, and end it whatever happens."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
START_TIMEOUT = 60.0
STOP_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A server to start; `arguments` are given its port. `probe` answers 200 once it is ready."""

    arguments: Callable[[int], Sequence[str]]
    folder: Path
    environment: Mapping[str, str]
    probe: str


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    pid: int


@contextlib.contextmanager
def serving(command: Command) -> Iterator[Server]:
    """Run a server on a free loopback port for as long as the block lasts."""
    port = free_port()
    log = command.folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command.arguments(port),
            cwd=command.folder,
            env={**os.environ, **command.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # A group of its own, so that what the server starts is ended with it.
            start_new_session=True,
        )
        try:
            _await_answer(process, port, command.probe, log)
            yield Server(port, process.pid)
        finally:
            _stop(process)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _await_answer(process: subprocess.Popen[bytes], port: int, probe: str, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        if _answers(port, probe):
            return
        time.sleep(0.05)
    raise RuntimeError(f"The server did not start. Its last words:\n{_tail(log)}")


def _answers(port: int, probe: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", probe)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    for ending in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, ending)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_TIMEOUT)
            return


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-1500:]
