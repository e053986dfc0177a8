"""`penstock node`: an artifact, or a project's folder, served as a deployment runs it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from penstock.cli.home import DEFAULT_HOME, Home
from penstock.node.deployed import NodeSettings, run_deployed
from penstock.node.listening import parse_listen


def node(
    folder: Annotated[
        Path, typer.Argument(help="An unpacked artifact, or a project's folder.")
    ] = Path(),
    *,
    listen: Annotated[
        str,
        typer.Option(envvar="PENSTOCK_LISTEN", help="host:port, or unix:/path for a socket file."),
    ] = "127.0.0.1:8080",
    state: Annotated[
        Path | None,
        typer.Option(
            envvar="PENSTOCK_STATE",
            help="This node's own folder: what its manager said last, and usage on its way there.",
        ),
    ] = None,
    spool: Annotated[
        Path | None,
        typer.Option(
            envvar="PENSTOCK_SPOOL",
            help="Where usage waits until the manager has it; in the node's own folder otherwise.",
        ),
    ] = None,
    home: Home = DEFAULT_HOME,
) -> None:
    """Serve one version, as managers start it: no reload, ready once databases and probes answer.

    With PENSTOCK_MANAGER in its environment it takes keys from there and reports usage;
    without, keys are those of the state folder, as for `penstock serve`.

    Example: penstock node ./unpacked --listen 0.0.0.0:8080
    """
    settings = NodeSettings(
        folder=folder,
        listen=parse_listen(listen),
        state=state or home,
        home=home,
        spool=spool,
    )
    run_deployed(settings, os.environ)
