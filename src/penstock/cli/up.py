"""`penstock up` and `penstock down`: manager, gateway and nodes on this machine."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import psutil
import typer
from rich.console import Console

from penstock.cli.keys import Home
from penstock.cli.remote import Running, find_running
from penstock.control.settings import DEFAULT_PORT
from penstock.control.shutdown import end_all
from penstock.errors import ConfigurationError, ManagerUnreachableError, StateError
from penstock.store.database import DEFAULT_HOME

LOG = "manager.log"
MANAGER_PORT = 8400
_READY_SECONDS = 60.0
_STOP_SECONDS = 30.0
_OK = 200


@dataclass(frozen=True, slots=True)
class Ports:
    gateway: int
    manager: int


def up(  # noqa: PLR0913 each is an option of the command
    *,
    port: Annotated[
        int, typer.Option(envvar="PENSTOCK_PORT", help="The gateway's port.", min=1, max=65535)
    ] = DEFAULT_PORT,
    manager_port: Annotated[
        int, typer.Option(help="The manager's port; 0 takes a free one.", min=0, max=65535)
    ] = MANAGER_PORT,
    host: Annotated[
        str, typer.Option(envvar="PENSTOCK_HOST", help="Where the gateway listens.")
    ] = "127.0.0.1",
    driver: Annotated[
        str, typer.Option(envvar="PENSTOCK_DRIVER", help="What runs nodes: process or docker.")
    ] = "process",
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return once it runs; `penstock down` ends it.")
    ] = False,
    home: Home = DEFAULT_HOME,
) -> None:
    """Start everything on this machine: the manager, the gateway, and the nodes of before.

    The state is in one folder (--home, or PENSTOCK_HOME). Without --detach, Ctrl-C ends it all.

    Example: penstock up --detach && penstock deploy
    """
    console = Console()
    options = ["--gateway-port", str(port), "--gateway-host", host, "--driver", driver]
    with started(home, [*options, "--port", str(manager_port)], console) as (manager, running):
        console.print(f"[bold green]Penstock is up.[/] The gateway: http://{host}:{port}")
        console.print(f"The manager: {running.address}, its log: {home / LOG}", highlight=False)
        console.print("Next: [bold]penstock deploy[/] in a project's folder.")
        if detach:
            return
        console.print("[dim]Ctrl-C ends manager, gateway and nodes.[/]")
        with contextlib.suppress(KeyboardInterrupt):
            manager.wait()
    bring_down(home, console)


def down(*, home: Home = DEFAULT_HOME) -> None:
    """End what `penstock up` started: nodes finish what they do, then manager and gateway go.

    What is deployed is remembered: the next `penstock up` runs it again.

    Example: penstock down
    """
    bring_down(home, Console())


@contextlib.contextmanager
def started(
    home: Path, options: Sequence[str], console: Console
) -> Iterator[tuple[subprocess.Popen[bytes], Running]]:
    """Start a manager of its own session, and wait until it can act."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    command = [sys.executable, "-m", "penstock", "manager", "--home", str(home), *options]
    with (home / LOG).open("ab") as log:
        began = log.tell()
        manager = subprocess.Popen(  # noqa: S603 it is ourselves
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    with console.status("Starting manager and gateway…"):
        running = _wait_until_ready(manager, home, began)
    yield manager, running


def bring_down(home: Path, console: Console) -> None:
    """End manager, nodes and gateway, in this order, so that nobody starts them again."""
    with console.status("Stopping the manager…"):
        stopped = _stop_manager(home)
    with console.status("Stopping nodes and gateway…"):
        ended = end_all(home)
    if not stopped and not ended:
        console.print("Nothing runs.")
    else:
        console.print(f"Penstock is down; {ended} nodes were stopped.")


def _wait_until_ready(manager: subprocess.Popen[bytes], home: Path, began: int) -> Running:
    until = time.monotonic() + _READY_SECONDS
    while time.monotonic() < until:
        if manager.poll() is not None:
            raise ConfigurationError(
                f"The manager did not start: {_said(home, began)}",
                hint=f"Its log is {home / LOG}.",
            )
        with contextlib.suppress(ManagerUnreachableError):
            running = find_running(home)
            if running.pid == manager.pid and _is_ready(running):
                return running
        time.sleep(0.05)
    raise StateError(
        f"The manager is not ready after {_READY_SECONDS:g} s: {_said(home, began)}",
        hint=f"Its log is {home / LOG}.",
    )


def _is_ready(running: Running) -> bool:
    at = urlsplit(running.address)
    connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == _OK
    except OSError:
        return False
    finally:
        connection.close()


def _said(home: Path, began: int) -> str:
    """Return the last line that tells what went wrong."""
    with (home / LOG).open("rb") as log:
        log.seek(began)
        lines = [line.strip() for line in log.read().decode(errors="replace").splitlines()]
    told = [line for line in lines if line.startswith("error:")] or [line for line in lines if line]
    return told[-1].removeprefix("error: ") if told else "it said nothing"


def _stop_manager(home: Path) -> bool:
    try:
        running = find_running(home)
        process = psutil.Process(running.pid)
    except (ManagerUnreachableError, psutil.NoSuchProcess, ValueError):
        return False
    if "manager" not in process.cmdline():
        return False  # its number is somebody else's by now
    os.kill(process.pid, signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except psutil.TimeoutExpired:
        process.kill()
    return True
