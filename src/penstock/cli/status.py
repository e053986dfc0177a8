"""`penstock status`: what serves, in which version, on which nodes, and what is wrong."""

from __future__ import annotations

import time
from typing import Annotated

import msgspec
import typer
from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from penstock.cli.home import DEFAULT_HOME, AsJson, Home
from penstock.cli.place import ApiArgument, api_names, complete_environment, find_target, text
from penstock.cli.remote import Manager, open_manager
from penstock.cli.watch import because
from penstock.deploy.rollout.types import Phase
from penstock.store.desk import NodeStatus, PlaceStatus

_MEGABYTE = 1_000_000
_COLOURS = {"blue": "blue", "green": "green"}
_HEADINGS = ("NODE", "COLOUR", "STATE", "UNITS", "UP", "REQUESTS", "FAILED", "CPU", "MEMORY")
_JUSTIFY: dict[str, JustifyMethod] = {"NODE": "left", "COLOUR": "left", "STATE": "left"}
_WIDE = 96  # columns in which all of it fits


def status(
    api: ApiArgument = None,
    *,
    environment: Annotated[
        str | None,
        typer.Option(
            "--environment",
            "-e",
            help="This environment of it alone; else all.",
            autocompletion=complete_environment,
        ),
    ] = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Show every API, or one: what serves, its nodes, the deployment under way, what is wrong.

    Example: penstock status flights
    """
    console = Console()
    with open_manager(home) as manager:
        names = api_names(manager)
        wanted = None if api is None else find_target(manager, api, "").api
        found = [
            place
            for place in read_statuses(manager, tuple(names))
            if wanted in (None, place.api) and environment in (None, place.environment)
        ]
        versions = {text(v, "id"): text(v, "name") for v in manager.items("/versions", limit=200)}
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    if not found:
        where = "" if environment is None else f" in {environment}"
        console.print(
            f"Nothing is deployed{where} yet: `penstock deploy` in a project's folder.",
            markup=False,
        )
        return
    for place in found:
        show_place(console, names.get(place.api, place.api), place, versions)


def read_statuses(manager: Manager, apis: tuple[str, ...]) -> list[PlaceStatus]:
    """Return what is known of all that was ever deployed."""
    found = []
    for api in apis:
        for item in manager.items(f"/apis/{api}/environments"):
            place = manager.get(f"/apis/{api}/environments/{text(item, 'environment')}")
            found.append(msgspec.convert(place, PlaceStatus))
    return found


def show_place(console: Console, name: str, place: PlaceStatus, versions: dict[str, str]) -> None:
    rollout = place.rollout
    console.print(Text.assemble((name, "bold"), f" ({place.environment})  {place.address or ''}"))
    console.print(f"  {_summary(place, versions)}", highlight=False)
    if rollout.change is not None:
        change = rollout.change
        version = versions.get(change.release.version, change.release.version)
        console.print(
            f"  {change.kind.value} of {version} to {change.target.value}: "
            f"[yellow]{change.progress(rollout.clock)}[/] ({change.deployment})"
        )
        if change.phase is Phase.READY and change.release.options.approval:
            console.print(f"  [yellow]it waits for you:[/] {place.preview or ''}", highlight=False)
            console.print("  `penstock approve` lets it serve, `penstock abort` ends it.")
    elif rollout.last is not None and rollout.last.phase is not Phase.DONE:
        last = because(rollout.last.phase.value, rollout.last.reason, ", ")
        console.print(f"  last: [red]{escape(last)}[/]", highlight=False)
    if place.nodes:
        console.print(_table(place.nodes, console.width))
    for alert in place.alerts:
        console.print(f"  [red]![/] {alert}", highlight=False)


def _summary(place: PlaceStatus, versions: dict[str, str]) -> str:
    rollout = place.rollout
    if rollout.live is None:
        parked = rollout.parked
        if parked is None:
            return "nothing serves"
        size = _size(parked.nodes, parked.units)
        return f"[yellow]stopped[/]; `penstock start` runs it again on {size}"
    release = rollout.release(rollout.live)
    version = "" if release is None else versions.get(release.version, release.version)
    colour = rollout.live.value
    warm = ""
    if rollout.warm_until is not None:
        left = max(0, round(rollout.warm_until - rollout.clock))
        warm = f"; {rollout.live.other.value} is warm for up to {left} s"
    shown = f"[{_COLOURS[colour]}]{colour}[/]"
    if release is None:
        return f"{shown} serves {version}{warm}"
    size = _size(release.nodes, release.units)
    ready = sum(node.colour == colour and node.phase == "ready" for node in place.nodes)
    if ready == 0:
        return f"{shown} is to serve {version} on {size}, [yellow]none is ready[/]{warm}"
    few = f", [yellow]{ready} ready[/]" if ready < release.nodes else ""
    return f"{shown} serves {version} on {size}{few}{warm}"


def _size(nodes: int, units: int) -> str:
    return f"{nodes} node{'s' * (nodes != 1)} of {units} unit{'s' * (units != 1)}"


def _table(nodes: tuple[NodeStatus, ...], width: int) -> Table:
    """Return a table whose cells are whole: where it is narrow, without processor and memory."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    shown = len(_HEADINGS) if width >= _WIDE else len(_HEADINGS) - 2
    for heading in _HEADINGS[:shown]:
        table.add_column(heading, no_wrap=True, justify=_JUSTIFY.get(heading, "right"))
    for node in sorted(nodes, key=lambda node: (node.colour, node.id)):
        table.add_row(*_cells(node)[:shown])
    return table


def _cells(node: NodeStatus) -> tuple[str | Text, ...]:
    return (
        node.id,
        Text(node.colour, style=_COLOURS.get(node.colour, "")),
        Text(node.phase, style="green" if node.phase == "ready" else "yellow"),
        str(node.units),
        "" if node.started is None else _age(time.time() - node.started),
        "" if node.requests is None else f"{node.requests:,}",
        "" if node.errors is None else f"{node.errors:,}",
        "" if node.cpu is None else f"{node.cpu:.1f} s",
        "" if node.memory is None else f"{node.memory / _MEGABYTE:,.0f} MB",
    )


def _age(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"
