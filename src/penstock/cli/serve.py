"""`penstock serve`: a node straight from a project folder, reloading when the folder changes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penstock.cli.home import DEFAULT_HOME, Home
from penstock.cli.unreached import telling
from penstock.node.listening import Binding
from penstock.node.server import run_node


def serve(
    folder: Annotated[Path, typer.Argument(help="The project's folder.")] = Path(),
    *,
    host: Annotated[
        str, typer.Option(envvar="PENSTOCK_HOST", help="The address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            envvar="PENSTOCK_PORT", help="The port; 0 takes a free one.", min=0, max=65535
        ),
    ] = 8080,
    reload: Annotated[
        bool, typer.Option("--reload/--no-reload", help="Follow changes of the folder.")
    ] = True,
    home: Home = DEFAULT_HOME,
) -> None:
    """Answer queries over HTTP from a project folder.

    Callers need a key: `penstock keys create NAME --role ROLE`. The API describes itself at
    /docs and /openapi.json; /readyz, /livez and /metrics are for whoever operates it.

    Example: penstock serve . --host 0.0.0.0 --port 8080 --no-reload
    """
    with telling(folder):
        run_node(folder, home, Binding(host, port), reload=reload)
