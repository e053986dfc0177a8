"""`penstock history`: the deployments of an API, and how each of them ended."""

from __future__ import annotations

import time
from collections import deque
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from penstock.cli.home import DEFAULT_HOME, AsJson, Home
from penstock.cli.listing import print_list
from penstock.cli.place import (
    PRODUCTION,
    ApiArgument,
    EnvironmentOption,
    Target,
    find_target,
    named,
    text,
    version_names,
)
from penstock.cli.remote import Manager, open_manager
from penstock.cli.watch import journal as read_journal
from penstock.cli.watch import sentence
from penstock.query.types import Json

_WHOLE = {"WHEN", "WHAT", "VERSION", "ENDED", "ARTIFACT"}  # of no use when cut or folded
_STYLES = {"done": "green", "aborted": "red", "stuck": "bold red", "rolled back": "yellow"}


def history(  # noqa: PLR0913 each is an option of the command
    api: ApiArgument = None,
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 20,
    journal: Annotated[
        bool, typer.Option("--journal", help="Every step and every node instead.")
    ] = False,
    environment: EnvironmentOption = PRODUCTION,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """List an API's deployments, with the digests to deploy again.

    Example: penstock history flights --limit 5
    """
    with open_manager(home) as manager:
        target = find_target(manager, api, environment)
        if journal:
            show_journal(manager, target, limit, as_json=as_json)
            return
        found: list[dict[str, Json]] = []
        for record in manager.items("/deployments", api=target.api, limit=min(limit, 200)):
            if text(record, "environment") == environment:
                found.append(record)
            if len(found) == limit:
                break
        versions = version_names(manager, target)
    if as_json:
        shown = [named(record, target, versions) for record in found]
        typer.echo(msgspec.json.encode(shown).decode())
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("WHEN", "WHAT", "VERSION", "ENDED", "ARTIFACT", "BY", "WHY"):
        table.add_column(heading, overflow="fold", no_wrap=heading in _WHOLE)
    for record in found:
        created = record.get("created")
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(float(str(created or 0))))
        status = text(record, "status")
        table.add_row(
            when,
            text(record, "kind"),
            versions.get(text(record, "version"), text(record, "version")),
            Text(status, style=_STYLES.get(status, "")),
            text(record, "artifact").removeprefix("sha256:")[:12],
            text(record, "by"),
            text(record, "reason"),
        )
    print_list(table, "Nothing was deployed here yet.")


def show_journal(manager: Manager, target: Target, limit: int, *, as_json: bool) -> None:
    """Print what happened, the oldest of the last lines first."""
    lines = deque(read_journal(manager, target), maxlen=limit)
    if as_json:
        typer.echo(msgspec.json.encode(list(lines)).decode())
        return
    console = Console()
    for line in lines:
        entry = line.entry
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(line.time))
        style = "red" if entry.alert else "default"
        said = f"{when} {entry.deployment} {sentence(entry)}"
        console.print(said, style=style, highlight=False, markup=False, soft_wrap=True)
