"""`penstock history`: the deployments of an API, and how each of them ended."""

from __future__ import annotations

import time
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from penstock.cli.keys import AsJson, Home
from penstock.cli.place import PRODUCTION, ApiArgument, EnvironmentOption, find_target, text
from penstock.cli.remote import open_manager
from penstock.query.types import Json
from penstock.store.database import DEFAULT_HOME

_STYLES = {"done": "green", "aborted": "red", "stuck": "bold red", "rolled back": "yellow"}


def history(
    api: ApiArgument = None,
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 20,
    environment: EnvironmentOption = PRODUCTION,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """List an API's deployments, with the digests to deploy again.

    Example: penstock history flights --limit 5
    """
    with open_manager(home) as manager:
        target = find_target(manager, api, environment)
        found: list[dict[str, Json]] = []
        for record in manager.items("/deployments", api=target.api, limit=min(limit, 200)):
            if text(record, "environment") == environment:
                found.append(record)
            if len(found) == limit:
                break
        versions = {
            text(v, "id"): text(v, "name")
            for v in manager.items("/versions", api=target.api, limit=200)
        }
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("WHEN", "WHAT", "VERSION", "ENDED", "ARTIFACT", "BY", "WHY"):
        table.add_column(heading, overflow="fold" if heading == "WHY" else "ellipsis")
    for record in found:
        created = record.get("created")
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(float(str(created or 0))))
        status = text(record, "status")
        table.add_row(
            when,
            text(record, "kind"),
            versions.get(text(record, "version"), text(record, "version")),
            Text(status, style=_STYLES.get(status, "")),
            text(record, "artifact")[:19],
            text(record, "by"),
            text(record, "reason"),
        )
    Console().print(table if found else "Nothing was deployed here yet.")
