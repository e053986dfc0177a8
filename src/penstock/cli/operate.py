"""`penstock scale`, `rollback`, `stop`, `start`, `approve`, `abort`: what serves, by hand."""

from __future__ import annotations

import sys
from dataclasses import KW_ONLY, dataclass
from typing import Annotated

import typer
from rich.console import Console

from penstock.cli.deploy import print_record
from penstock.cli.home import DEFAULT_HOME, AsJson, Home
from penstock.cli.place import PRODUCTION, ApiArgument, EnvironmentOption, Target, find_target
from penstock.cli.remote import Manager, open_manager
from penstock.cli.waiting import read_status, wait_for_size
from penstock.cli.watch import Watch, last_sequence
from penstock.cli.wish import run
from penstock.deploy.rollout.events import Stop
from penstock.deploy.rollout.step import step
from penstock.errors import ConfigurationError
from penstock.query.types import Json
from penstock.store.desk import MOST_NODES, MOST_UNITS


@dataclass(frozen=True, slots=True)
class _Wish:
    """What becomes a deployment, and what is said of it: when asked, meanwhile, and at the end."""

    action: str
    body: dict[str, Json]
    _: KW_ONLY
    asked: str
    title: str
    done: str
    good: frozenset[str] = frozenset({"done"})


Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until it is done.")]


def scale(  # noqa: PLR0913 each is an option of the command
    api: ApiArgument = None,
    *,
    nodes: Annotated[
        int | None, typer.Option(min=1, max=MOST_NODES, help="How many nodes.")
    ] = None,
    units: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_UNITS, help="Units of each node: 1 CPU and 2 GB each."),
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
        wanted: dict[str, Json] = {
            name: size for name, size in (("nodes", nodes), ("units", units)) if size
        }
        manager.post(f"{target.path}/scale", wanted)
        if wait:
            wait_for_size(manager, target, console, wanted)
        else:
            console.print(f"[bold]{target.name}[/] is being scaled: `penstock status` tells.")


def rollback(  # noqa: PLR0913 each is an option of the command
    api: ApiArgument = None,
    *,
    environment: EnvironmentOption = PRODUCTION,
    reason: Annotated[str, typer.Option(help="Why: it goes into the history.")] = "",
    wait: Wait = True,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Go back to the version before: at once while it is kept warm, else by its artifact.

    Example: penstock rollback flights --reason 'wrong numbers'
    """
    wish = _Wish(
        "rollback",
        {"reason": reason},
        asked="goes back",
        title="Going back",
        done="serves the version before",
        good=frozenset({"done", "rolled back"}),
    )
    with open_manager(home) as manager:
        target = find_target(manager, api, environment)
        console = Console(stderr=as_json)
        deployment = _carry_out(manager, target, wish, console, wait=wait)
        if as_json:
            print_record(manager, target, deployment, ended=wait)


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
    asks = not yes and sys.stdin.isatty()
    with open_manager(home) as manager:
        target = find_target(manager, api, environment)
        size = "" if keep_size else " Its size becomes 1 node of 1 unit: --keep-size keeps it."
        warning = f"[yellow]Callers of {target.name} get 503 until it is started.{size}[/]"
        if asks:
            rollout = read_status(manager, target).rollout
            step(rollout, Stop(keep_size), rollout.clock)  # raises what it would be refused with
            console.print(warning, soft_wrap=True)
            typer.confirm("Stop it?", abort=True)
        manager.post(f"{target.path}/stop", {"keep_size": keep_size})
        if not asks:
            console.print(warning, soft_wrap=True)
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
    wish = _Wish("start", {}, asked="starts", title="Starting", done="serves again")
    with open_manager(home) as manager:
        target = find_target(manager, api, environment)
        _carry_out(manager, target, wish, Console(), wait=wait)


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


def _carry_out(
    manager: Manager, target: Target, wish: _Wish, console: Console, *, wait: bool
) -> str:
    """Return the id of the deployment."""
    before = last_sequence(manager, target)
    deployment = run(manager, target, wish.action, wish.body)
    if not wait:
        console.print(f"[bold]{target.name}[/] {wish.asked}: {deployment}.")
        return deployment
    watch = Watch(manager, target, deployment, good=wish.good, after=before)
    watch.follow(console, wish.title)
    console.print(f"[bold green]{target.name}[/] {wish.done}.")
    return deployment


def under_way(status: object) -> str | None:
    """Return the id of the deployment that is under way."""
    rollout = status.get("rollout") if isinstance(status, dict) else None
    change = rollout.get("change") if isinstance(rollout, dict) else None
    found = change.get("deployment") if isinstance(change, dict) else None
    return found if isinstance(found, str) else None
