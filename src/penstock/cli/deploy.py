"""`penstock deploy`: a folder becomes a version, an artifact, and nodes that serve."""

from __future__ import annotations

import time
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console

from penstock.cli.home import DEFAULT_HOME, Home
from penstock.cli.place import PRODUCTION, EnvironmentOption, Target, named, text, version_names
from penstock.cli.remote import Manager, open_manager
from penstock.cli.watch import Watch, last_sequence
from penstock.cli.wish import run
from penstock.deploy.rollout.types import SmokeTest
from penstock.errors import ConfigurationError, ManagerUnreachableError, NotFoundError
from penstock.query.types import Json
from penstock.store.desk import MOST_NODES, MOST_UNITS

if TYPE_CHECKING:  # see `read_parcel`
    from penstock.cli.upload import Parcel

_HOW = "How it is deployed"
_DIGEST = len("sha256:") + 64
_WRITTEN_WITHIN = 10.0


class Until(StrEnum):
    """LIVE: it serves. DONE: its baking is over too. NO: it is only asked for."""

    LIVE = "live"
    DONE = "done"
    NO = "no"


def deploy(  # noqa: PLR0913 each is an option of the command
    folder: Annotated[Path, typer.Argument(help="The project's folder.")] = Path(),
    *,
    version: Annotated[
        str | None, typer.Option(help="The version's name; default: the next number, v1, v2, …")
    ] = None,
    artifact: Annotated[
        str | None,
        typer.Option(
            metavar="DIGEST", help="Deploy an artifact of before, building nothing; see history."
        ),
    ] = None,
    nodes: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_NODES, help="How many nodes; default: as many as now."),
    ] = None,
    units: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_UNITS, help="Units of each node: 1 CPU and 2 GB each."),
    ] = None,
    environment: EnvironmentOption = PRODUCTION,
    approval: Annotated[
        bool,
        typer.Option("--approval", help="Wait for `penstock approve` first.", rich_help_panel=_HOW),
    ] = False,
    bake: Annotated[
        float,
        typer.Option(
            min=0, help="Seconds to watch it serve before it counts.", rich_help_panel=_HOW
        ),
    ] = 60.0,
    keep_for: Annotated[
        float,
        typer.Option(
            min=0, help="Seconds to keep the colour before warm, to go back.", rich_help_panel=_HOW
        ),
    ] = 900.0,
    deadline: Annotated[
        float,
        typer.Option(min=1, help="Seconds in which its nodes must be ready.", rich_help_panel=_HOW),
    ] = 120.0,
    drain: Annotated[
        float,
        typer.Option(
            min=0, help="Seconds that requests may go on at a node that goes.", rich_help_panel=_HOW
        ),
    ] = 30.0,
    grace: Annotated[
        float,
        typer.Option(
            min=0, help="Seconds between SIGTERM and SIGKILL after that.", rich_help_panel=_HOW
        ),
    ] = 10.0,
    smoke: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Smoke tests that it must pass first: a YAML list.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    wait: Annotated[
        Until, typer.Option(help="Wait until it serves, or until it counts.", rich_help_panel=_HOW)
    ] = Until.LIVE,
    home: Home = DEFAULT_HOME,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Deploy a project blue/green: the version before serves until this one has proved itself.

    The folder goes to the manager as a new version, is built into an artifact, started as nodes of
    the idle colour, verified, then promoted. What goes wrong before touches nothing that serves.

    Example: penstock deploy . --nodes 2 --bake 30
    """
    console = Console(stderr=as_json)
    tests = [] if smoke is None else _smoke_tests(smoke)
    with open_manager(home) as manager:
        began = time.monotonic()
        parcel = read_parcel(folder)
        target = ensure_api(manager, parcel, environment)
        wish: dict[str, Json] = {"nodes": nodes, "units": units}
        if artifact is None:
            wish["version"] = ensure_version(manager, target, parcel, version, console)
        else:
            wish["artifact"] = whole_digest(manager, target, artifact)
        wish["options"] = {
            "approval": approval,
            "bake": bake,
            "keep_for": keep_for,
            "start_deadline": deadline,
            "drain": drain,
            "grace": grace,
            "smoke": msgspec.to_builtins(tests),
        }
        before = last_sequence(manager, target)
        deployment = run(manager, target, "deploy", wish)
        if wait is not Until.NO:
            until = "ready" if approval else "done" if wait is Until.DONE else "baking"
            watch = Watch(manager, target, deployment, until, after=before)
            watch.follow(console, f"Deploying {target.name}")
        _tell(console, manager, target, time.monotonic() - began, approval=approval)
        if as_json:
            print_record(manager, target, deployment, ended=wait is Until.DONE)


def _smoke_tests(file: Path) -> Sequence[SmokeTest]:
    from penstock.cli.smoke import read_smoke_tests  # noqa: PLC0415 few deployments have them

    return read_smoke_tests(file)


def read_parcel(folder: Path) -> Parcel:
    """Return what is known of a project's folder. Raises ProjectError with every issue."""
    from penstock.cli.upload import Parcel  # noqa: PLC0415 other commands need none, and start sooner

    return Parcel(folder)


def ensure_api(manager: Manager, parcel: Parcel, environment: str) -> Target:
    """Return the API that a folder describes, made if there is none yet."""
    projects = list(manager.items("/projects", name=parcel.name))
    project = projects[0] if projects else None
    if project is None:
        parcel.check()
        project = _made(manager.post("/projects", {"name": parcel.name, "title": parcel.title}))
    apis = list(manager.items("/apis", project=text(project, "id"), name=parcel.api))
    api = apis[0] if apis else None
    if api is None:
        parcel.check()
        path = f"/projects/{text(project, 'id')}/apis"
        api = _made(manager.post(path, {"name": parcel.api}))
    return Target(text(api, "id"), f"{parcel.name}/{parcel.api}", environment)


def described_api(folder: Path) -> str:
    """Return `project/api` of the API that a folder describes, made or not."""
    parcel = read_parcel(folder)
    return f"{parcel.name}/{parcel.api}"


def ensure_version(
    manager: Manager, target: Target, parcel: Parcel, name: str | None, console: Console
) -> str:
    """Return the id of a version with just these files: an earlier one, if nothing changed."""
    with console.status("Sending the project…"):
        known = list(manager.items("/versions", api=target.api, limit=200))
        same = _same(parcel.content, known, name)
        version = (
            _sent(manager, target, parcel, name or _next(known), known) if same is None else same
        )
    what = "version" if same is None else "nothing changed since"
    console.print(f"  {what} {text(version, 'name')}", style="dim")
    return text(version, "id")


def _sent(
    manager: Manager, target: Target, parcel: Parcel, name: str, known: list[dict[str, Json]]
) -> dict[str, Json]:
    """Send the files as the version of a name, made if there is none yet."""
    version = next((it for it in known if text(it, "name") == name), None)
    if version is not None and text(version, "state") != "new":
        raise ConfigurationError(
            f"Version {name} is {text(version, 'state')}: it is not changed any more.",
            hint="Choose another --version, or leave it out; `penstock rollback` goes back to one.",
        )
    parcel.check()
    if version is None:
        version = _made(manager.post(f"/apis/{target.api}/versions", {"name": name}))
    path = f"/versions/{text(version, 'id')}"
    with parcel.packed() as archive:
        return _made(manager.upload(f"{path}/content", archive, manager.etag(path)))


def whole_digest(manager: Manager, target: Target, beginning: str) -> str:
    """Return the digest of the one artifact that was deployed here and begins so."""
    wanted = beginning if beginning.startswith("sha256:") else f"sha256:{beginning}"
    deployed = manager.items("/deployments", api=target.api, limit=200)
    found = sorted({text(it, "artifact") for it in deployed if text(it, "artifact")})
    near = [digest for digest in found if digest.startswith(wanted)]
    if len(near) == 1:
        return near[0]
    if len(wanted) == _DIGEST:
        return wanted  # built, but never deployed: the manager knows
    if near:
        raise ConfigurationError("Several artifacts begin so.", hint="Give more of the digest.")
    raise NotFoundError(
        f"No artifact that was deployed here begins with {beginning}.",
        hint="`penstock history` shows the digests.",
    )


def _next(known: list[dict[str, Json]]) -> str:
    numbers = [0]
    for version in known:
        name = text(version, "name")
        if name.startswith("v") and name[1:].isdigit():
            numbers.append(int(name[1:]))
    return f"v{max(numbers) + 1}"


def _same(content: str, known: list[dict[str, Json]], name: str | None) -> dict[str, Json] | None:
    """Return an earlier version with the same files, so that nothing is built twice.

    Where a name is given it is that one, or none.
    """
    return next(
        (
            version
            for version in known
            if version.get("content") == content and name in {None, text(version, "name")}
        ),
        None,
    )


def _made(record: Json) -> dict[str, Json]:
    if not isinstance(record, dict):
        raise ConfigurationError("The manager answered something else than a record.")
    return record


def _tell(
    console: Console, manager: Manager, target: Target, seconds: float, *, approval: bool
) -> None:
    status = read_at_last(manager, target, target.path)
    address, preview = text(status, "address"), text(status, "preview")
    if approval:
        console.print(f"[bold]{target.name} waits for you:[/] {preview}", highlight=False)
        console.print("`penstock approve` lets it serve, `penstock abort` ends it.")
    else:
        console.print(
            f"[bold green]{target.name}[/] after {seconds:.1f} s: {address}", highlight=False
        )


def print_record(manager: Manager, target: Target, deployment: str, *, ended: bool) -> None:
    """Print a deployment as JSON, with names; wait until it is written, where it `ended`."""
    record = _record(manager, target, deployment, ended=ended)
    shown = named(record, target, version_names(manager, target))
    typer.echo(msgspec.json.encode(shown).decode())


def _record(manager: Manager, target: Target, deployment: str, *, ended: bool) -> dict[str, Json]:
    """Read a deployment; one that `ended` is written down a moment after that is told."""
    until = time.monotonic() + _WRITTEN_WITHIN
    record = read_at_last(manager, target, f"/deployments/{deployment}")
    while ended and record.get("finished") is None and time.monotonic() < until:
        time.sleep(0.05)
        record = read_at_last(manager, target, f"/deployments/{deployment}")
    return record


def read_at_last(
    manager: Manager, target: Target, path: str, patience: float = 20.0
) -> dict[str, Json]:
    """Read what came of it, though the manager may just be started anew.

    Raises ManagerUnreachableError where it does not come back within `patience` seconds.
    """
    try:
        return _made(manager.get_patiently(path, patience))
    except ManagerUnreachableError as error:
        raise ManagerUnreachableError(
            f"The manager went away meanwhile: what became of {target.name} is not known.",
            hint="Nodes go on without it. `penstock up` starts it, `penstock status` tells then.",
        ) from error
