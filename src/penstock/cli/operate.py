"""`penstock scale`, `rollback`, `stop`, `start`, `approve`, `abort`: what serves, by hand."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from penstock.cli.home import DEFAULT_HOME, Home
from penstock.cli.place import PRODUCTION, ApiArgument, EnvironmentOption, find_target
from penstock.cli.remote import open_manager
from penstock.cli.waiting import wait_for_size
from penstock.cli.watch import Watch, last_sequence
from penstock.cli.wish import run
from penstock.errors import ConfigurationError

Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until it is done.")]


def scale(  # noqa: PLR0913 each is an option of the command
    api: ApiArgument = None,
    *,
    nodes: Annotated[int | None, typer.Option(min=1, help="How many nodes.")] = None,
    units: Annotated[
        int | None, typer.Option(min=1, help="Units of each node: 1 CPU and 2 GB each.")
    ] = None,
    environment: EnvironmentOption = PRODUCTION,
    wait: Wait = True,
    home: Home = DEFAULT_HOME,
) -> None:
    """Run an API on more nodes, or fewer, or larger ones, while it serves.

    New nodes serve once they are ready; those that go finish what they do first. Another number
    of units replaces the nodes one by one.

    Example: penstock scale flights --nodes 4
    """
    console = Console()
    if nodes is None and units is None:
        raise ConfigurationError("Say to which size.", hint="penstock scale flights --nodes 4")
    with open_manager(home) as manager:
        target = find_target(manager, api, environment)
        wanted = {name: size for name, size in (("nodes", nodes), ("units", units)) if size}
        manager.post(f"{target.path}/scale", wanted)
        if wait:
            wait_for_size(manager, target, console)
        else:
            console.print(f"[bold]{target.name}[/] is being scaled: `penstock status` tells.")


def rollback(
    api: ApiArgument = None,
    *,
    environment: EnvironmentOption = PRODUCTION,
    reason: Annotated[str, typer.Option(help="Why: it goes into the history.")] = "",
    wait: Wait = True,
    home: Home = DEFAULT_HOME,
) -> None:
    """Go back to the version before: at once while it is kept warm, else by its artifact.

    Example: penstock rollback flights --reason 'wrong numbers'
    """
    console = Console()
    with open_manager(home) as manager:
        target = find_target(manager, api, environment)
        before = last_sequence(manager, target)
        deployment = run(manager, target, "rollback", {"reason": reason})
        if not wait:
            console.print(f"[bold]{target.name}[/] goes back: {deployment}.")
            return
        good = frozenset({"done", "rolled back"})
        watch = Watch(manager, target, deployment, good=good, after=before)
        watch.follow(console, "Going back")
        console.print(f"[bold green]{target.name}[/] serves the version before.")


def stop(
    api: ApiArgument = None,
    *,
    keep_size: Annotated[
        bool, typer.Option("--keep-size", help="Start again with as many nodes and units.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    environment: EnvironmentOption = PRODUCTION,
    home: Home = DEFAULT_HOME,
) -> None:
    """Stop an API: callers get 503 until `penstock start`. Its size becomes 1 node of 1 unit.

    Example: penstock stop flights --keep-size
    """
    console = Console()
    with open_manager(home) as manager:
        target = find_target(manager, api, environment)
        size = "" if keep_size else " Its size becomes 1 node of 1 unit: --keep-size keeps it."
        console.print(
            f"[yellow]Callers of {target.name} get 503 until it is started.{size}[/]",
            soft_wrap=True,
        )
        if not yes and sys.stdin.isatty():
            typer.confirm("Stop it?", abort=True)
        manager.post(f"{target.path}/stop", {"keep_size": keep_size})
        console.print(f"[bold]{target.name}[/] is stopped. `penstock start` runs it again.")


def start(
    api: ApiArgument = None,
    *,
    environment: EnvironmentOption = PRODUCTION,
    wait: Wait = True,
    home: Home = DEFAULT_HOME,
) -> None:
    """Run again what was stopped: the same artifact, in the size that `penstock status` shows.

    Example: penstock start flights
    """
    console = Console()
    with open_manager(home) as manager:
        target = find_target(manager, api, environment)
        before = last_sequence(manager, target)
        deployment = run(manager, target, "start", {})
        if not wait:
            console.print(f"[bold]{target.name}[/] starts: {deployment}.")
            return
        watch = Watch(manager, target, deployment, after=before)
        watch.follow(console, f"Starting {target.name}")
        console.print(f"[bold green]{target.name}[/] serves again.")


def approve(
    api: ApiArgument = None,
    *,
    environment: EnvironmentOption = PRODUCTION,
    wait: Wait = True,
    home: Home = DEFAULT_HOME,
) -> None:
    """Let a deployment serve that waits for approval (`penstock deploy --approval`).

    Example: penstock approve flights
    """
    console = Console()
    with open_manager(home) as manager:
        target = find_target(manager, api, environment)
        deployment = under_way(manager.get(target.path))
        before = last_sequence(manager, target)
        manager.post(f"{target.path}/promote")
        if not wait or deployment is None:
            console.print(f"[bold]{target.name}[/] is approved.")
            return
        Watch(manager, target, deployment, after=before).follow(console, "Promoting")
        console.print(f"[bold green]{target.name}[/] serves the new version.")


def abort(
    api: ApiArgument = None,
    *,
    environment: EnvironmentOption = PRODUCTION,
    reason: Annotated[str, typer.Option(help="Why: it goes into the history.")] = "",
    home: Home = DEFAULT_HOME,
) -> None:
    """End a deployment that does not serve yet; what serves is not touched.

    Example: penstock abort flights
    """
    with open_manager(home) as manager:
        target = find_target(manager, api, environment)
        manager.post(f"{target.path}/abort", {"reason": reason})
        Console().print(f"The deployment of [bold]{target.name}[/] was ended.")


def under_way(status: object) -> str | None:
    """Return the id of the deployment that is under way."""
    rollout = status.get("rollout") if isinstance(status, dict) else None
    change = rollout.get("change") if isinstance(rollout, dict) else None
    found = change.get("deployment") if isinstance(change, dict) else None
    return found if isinstance(found, str) else None
