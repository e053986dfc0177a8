"""Envoy as a process: it outlives who started it, and is found again by its admin socket."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

import psutil

from penstock.deploy.gateway.bootstrap import BOOTSTRAP
from penstock.deploy.gateway.types import GatewaySettings, Listener
from penstock.errors import GatewayError

LOG: Final = "./envoy.log"

_LOOK_EVERY: Final = 0.02
_DIES_WITHIN: Final = 5.0
_LAST_WORDS: Final = 600  # characters
_HINT: Final = "pip install 'penstock[gateway]'"


def binary() -> Path:
    """Return Envoy itself, from its wheel. Raises GatewayError."""
    try:
        folder = files("envoy")
    except ModuleNotFoundError as error:
        raise GatewayError("Envoy is not installed, so there is no gateway.", hint=_HINT) from error
    path = Path(str(folder)) / "_bin" / "envoy"
    if not os.access(path, os.X_OK):
        raise GatewayError("Envoy is not there, so there is no gateway.", hint=_HINT)
    return path


def launch(folder: Path, settings: GatewaySettings) -> subprocess.Popen[bytes]:
    """Start Envoy in its folder, in a session of its own, which nothing ties to this process."""
    arguments = [
        str(binary()),
        *("-c", BOOTSTRAP),
        *("--concurrency", str(settings.concurrency)),
        *("--log-path", LOG, "--log-level", "warning"),
        # Those of a listener that is taken out may finish: for as long as a node may drain.
        *("--drain-time-s", "600"),
        # Both logs are read by people and by tests while they are written.
        *("--file-flush-interval-msec", "500"),
        "--disable-hot-restart",
        "--skip-deprecated-logs",
    ]
    with (folder / LOG).open("ab") as log:
        child = subprocess.Popen(  # noqa: S603 the binary of our own wheel, and no word of a user's
            arguments,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    # Whoever's child it is has to take its end, whenever that is.
    threading.Thread(target=child.wait, name="penstock-gateway", daemon=True).start()
    return child


def check_ports(listeners: Sequence[Listener]) -> None:
    """Raise GatewayError for the first address that cannot be listened on."""
    for listener in listeners:
        family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((listener.host, listener.port))
                probe.listen(1)
            except OSError as error:
                raise port_refused(str(listener), error) from error


def port_refused(address: str, error: OSError) -> GatewayError:
    if error.errno == errno.EADDRINUSE:
        return GatewayError(
            f"Somebody else listens on {address} already.",
            hint="Stop them, or give the gateway another port.",
        )
    return GatewayError(
        f"The gateway cannot listen on {address}: {error.strerror}.",
        hint="Ports below 1024 are for root; an address must be one of this machine.",
    )


def last_words(log: Path) -> str:
    """Return the end of Envoy's log."""
    try:
        text = log.read_text(errors="replace")
    except OSError:
        return ""
    return text[-_LAST_WORDS:].strip()


def end(pid: int, within: float) -> None:
    """SIGTERM, and SIGKILL where that does not do; returns when it is gone."""
    try:
        process = psutil.Process(pid)
        process.send_signal(signal.SIGTERM)
        if not eventually(lambda: _gone(process), within):
            process.kill()
        eventually(lambda: _gone(process), _DIES_WITHIN)
    except psutil.NoSuchProcess:
        return


def eventually(look: Callable[[], bool], within: float) -> bool:
    """Say whether something comes true within so many seconds."""
    deadline = time.monotonic() + within
    while not look():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_EVERY)
    return True


def _gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
