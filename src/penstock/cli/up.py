"""`penstock up` and `penstock down`: manager, gateway and nodes on this machine."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
import psutil
import typer
from rich.console import Console

from penstock.cli.already import find_already
from penstock.cli.home import DEFAULT_HOME, Home, is_given
from penstock.cli.manager_log import LOG
from penstock.cli.place import api_names
from penstock.cli.ports import check_ports
from penstock.cli.remote import Running, manager_of, read_running
from penstock.cli.state_folder import make_home, using
from penstock.cli.status import read_statuses
from penstock.control.settings import DEFAULT_PORT, ControlSettings
from penstock.control.shutdown import end_all
from penstock.deploy.drivers.find import DRIVERS, check_driver
from penstock.deploy.drivers.process.launch import LOG_BYTES
from penstock.deploy.gateway.files import shorten
from penstock.errors import ConfigurationError, ManagerUnreachableError, PenstockError, StateError

MANAGER_PORT = 8400
_READY_SECONDS = 60.0
_MISSING_SECONDS = 10.0
_SETTLES = 1.5  # seconds after which a problem that stays is no passing one
# The codes of what a manager lacks that is starting, or whose gateway of before is coming back.
PASSING = frozenset({"NOT_READY", "GATEWAY_AWAY"})
_STOP_SECONDS = 30.0
_OK = 200
_CODE = re.compile(r" \[[A-Z_]+\]$")


class _Readiness(msgspec.Struct, frozen=True):
    problems: dict[str, str] = {}
    codes: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Lack:
    """What a manager lacks, in its words and by the codes of those; nothing once it is ready."""

    said: str = ""
    codes: frozenset[str] = frozenset()

    @property
    def passes(self) -> bool:
        return self.codes <= PASSING


@dataclass(frozen=True, slots=True)
class Ports:
    gateway: int
    manager: int


def up(  # noqa: PLR0913 each is an option of the command
    context: typer.Context,
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
        str,
        typer.Option(envvar="PENSTOCK_DRIVER", help=f"What runs nodes: {', '.join(DRIVERS)}."),
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
    check_driver(driver)
    already = find_already(home)
    if already is not None:
        already.refuse_others(_given(context))
        console.print("[bold green]Penstock is up already.[/] `penstock down` ends it.")
        address = already.running.address
        console.print(f"The manager: {address}, its log: {home / LOG}", highlight=False)
        return
    check_ports(home, host, port, manager_port)
    options = ["--gateway-port", str(port), "--gateway-host", host, "--driver", driver]
    with started(home, [*options, "--port", str(manager_port)], console) as (manager, running):
        console.print(f"[bold green]Penstock is up.[/] The gateway: {_gateway(host, port)}")
        console.print(f"The manager: {running.address}, its log: {home / LOG}", highlight=False)
        tell_what_is_next(home, console)
        if detach:
            return
        console.print("[dim]Ctrl-C ends manager, gateway and nodes.[/]")
        with contextlib.suppress(KeyboardInterrupt):
            manager.wait()
    bring_down(home, console)


def _given(context: typer.Context) -> dict[str, str]:
    """Return what was said of how it runs, at the command or by variables."""
    names = ("port", "manager_port", "host", "driver")
    return {name: str(context.params[name]) for name in names if is_given(context, name)}


def down(*, home: Home = DEFAULT_HOME) -> None:
    """End what `penstock up` started: nodes finish what they do, then manager and gateway go.

    What is deployed is remembered: the next `penstock up` runs it again.

    Example: penstock down
    """
    bring_down(home, Console())


def _gateway(host: str, port: int) -> str:
    """Return what callers know the gateway by: the manager reads the same environment."""
    certificate = os.environ.get("PENSTOCK_TLS_CERTIFICATE")
    return ControlSettings(
        host=host,
        port=port,
        address=os.environ.get("PENSTOCK_GATEWAY_ADDRESS"),
        certificate=None if certificate is None else Path(certificate),
    ).base


def tell_what_is_next(home: Path, console: Console) -> None:
    """Say which APIs come back, or how a first one comes to be."""
    back = []
    with contextlib.suppress(PenstockError):  # it is up all the same
        back = _coming_back(home)
    for line in back:
        console.print(f"Comes back: {line}", highlight=False)
    if back:
        console.print("`penstock status` shows how far they are.")
    else:
        console.print("Next: [bold]penstock deploy[/] in a project's folder.")


def _coming_back(home: Path) -> list[str]:
    with manager_of(read_running(home), home) as manager:
        names = api_names(manager)
        found = []
        for place in read_statuses(manager, tuple(names)):
            live = place.rollout.live
            release = None if live is None else place.rollout.release(live)
            if release is not None:
                size = f"{release.nodes} node{'s' * (release.nodes != 1)}"
                found.append(f"{names[place.api]} ({place.environment}) on {size}")
        return found


@contextlib.contextmanager
def started(
    home: Path, options: Sequence[str], console: Console
) -> Iterator[tuple[subprocess.Popen[bytes], Running]]:
    """Start a manager of its own session, and wait until it can act."""
    make_home(home)
    command = [sys.executable, "-m", "penstock", "manager", "--home", str(home), *options]
    with using(home):
        shorten(home / LOG, LOG_BYTES)
        opened = (home / LOG).open("ab")
    with opened as log:
        began = log.tell()
        manager = subprocess.Popen(  # noqa: S603 it is ourselves
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    try:
        with console.status("Starting manager and gateway…"):
            running = _wait_until_ready(manager, home, began)
    except BaseException:  # Ctrl-C too: nobody else knows of it
        manager.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            manager.wait(_STOP_SECONDS)
        raise
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
        console.print(
            f"Penstock is down; {ended} node{'s were' if ended != 1 else ' was'} stopped."
        )


def _wait_until_ready(manager: subprocess.Popen[bytes], home: Path, began: int) -> Running:
    """Give up early on what the manager itself says to be missing: it seldom comes by waiting."""
    start = since = time.monotonic()
    missing: Lack | None = None
    while not is_hopeless(missing, time.monotonic() - start, time.monotonic() - since):
        if manager.poll() is not None:
            said, hint = _said(home, began)
            raise ConfigurationError(
                f"The manager did not start: {said}", hint=hint or f"Its log is {home / LOG}."
            )
        before, missing = missing, None
        with contextlib.suppress(ManagerUnreachableError):
            running = read_running(home)
            if running.pid == manager.pid:
                missing = _missing(running)
                if missing == Lack():
                    return running
        since = since if missing == before else time.monotonic()
        time.sleep(0.05)
    seconds = time.monotonic() - start
    raise StateError(
        f"The manager is not ready after {seconds:.0f} s: "
        f"{missing.said if missing else _said(home, began)[0]}",
        hint=f"Its log is {home / LOG}.",
    )


def is_hopeless(missing: Lack | None, waited: float, stands: float) -> bool:
    """Whether to wait no longer, after so many seconds, for what the manager lacks.

    It has said the same for `stands` seconds; None if it says nothing.
    """
    if missing is None:
        return waited > _READY_SECONDS
    return waited > _MISSING_SECONDS if missing.passes else stands > _SETTLES


def _missing(running: Running) -> Lack | None:
    """Return what the manager lacks, None if it does not say."""
    at = urlsplit(running.address)
    connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=2)
    try:
        connection.request("GET", "/readyz", headers={"Authorization": f"Bearer {running.token}"})
        response = connection.getresponse()
        if response.status == _OK:
            return Lack()
        told = msgspec.json.decode(response.read(), type=_Readiness)
        said = "; ".join(told.problems.values())
        return Lack(said, frozenset(told.codes.values())) if said else None
    except (OSError, http.client.HTTPException, msgspec.DecodeError):
        return None
    finally:
        connection.close()


def _said(home: Path, began: int) -> tuple[str, str | None]:
    """Return the last line that tells what went wrong, and the hint below it."""
    with (home / LOG).open("rb") as log:
        log.seek(began)
        lines = [line.strip() for line in log.read().decode(errors="replace").splitlines()]
    lines = [line for line in lines if line]
    errors = [i for i, line in enumerate(lines) if line.startswith("error: ")]
    if not errors:
        return (lines[-1] if lines else "it said nothing"), None
    said = _CODE.sub("", lines[errors[-1]].removeprefix("error: "))
    below = "".join(lines[errors[-1] + 1 :][:1])
    return said, below.removeprefix("hint: ") if below.startswith("hint: ") else None


def _stop_manager(home: Path) -> bool:
    try:
        running = read_running(home)
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
