"""`penstock manager`: the management API, and whoever acts upon it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from penstock.cli.home import DEFAULT_HOME
from penstock.cli.manager_log import LOG, bounded
from penstock.control.open import open_control
from penstock.control.settings import DEFAULT_PORT, GATEWAY, ControlSettings, GatewayMode
from penstock.deploy.drivers.find import DRIVERS
from penstock.manager.listening import Binding
from penstock.manager.server import run_manager
from penstock.node.logs import Log

_GATEWAY = "The gateway"


def manager(  # noqa: PLR0913 each is an option of the command
    *,
    host: Annotated[
        str, typer.Option(envvar="PENSTOCK_MANAGER_HOST", help="Where the manager listens.")
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            envvar="PENSTOCK_MANAGER_PORT", help="Its port; 0 takes a free one.", min=0, max=65535
        ),
    ] = 8400,
    driver: Annotated[
        str,
        typer.Option(envvar="PENSTOCK_DRIVER", help=f"What runs nodes: {', '.join(DRIVERS)}."),
    ] = "process",
    nodes_manager: Annotated[
        str | None,
        typer.Option(
            "--for-nodes",
            envvar="PENSTOCK_MANAGER_FOR_NODES",
            help="How nodes on other machines find the manager: http://host:port.",
        ),
    ] = None,
    gateway: Annotated[
        GatewayMode,
        typer.Option(
            envvar=GATEWAY,
            help="Whether the manager starts it, or it is run apart by `penstock gateway`.",
            rich_help_panel=_GATEWAY,
        ),
    ] = GatewayMode.OWN,
    gateway_host: Annotated[
        str, typer.Option(envvar="PENSTOCK_HOST", help="Its address.", rich_help_panel=_GATEWAY)
    ] = "127.0.0.1",
    gateway_port: Annotated[
        int, typer.Option(envvar="PENSTOCK_PORT", help="Its port.", rich_help_panel=_GATEWAY)
    ] = DEFAULT_PORT,
    gateway_address: Annotated[
        str | None,
        typer.Option(
            envvar="PENSTOCK_GATEWAY_ADDRESS",
            help="What callers know it by, such as https://api.example.com.",
            rich_help_panel=_GATEWAY,
        ),
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option(envvar="PENSTOCK_TLS_CERTIFICATE", help="PEM: TLS.", rich_help_panel=_GATEWAY),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(envvar="PENSTOCK_TLS_KEY", help="PEM: its key.", rich_help_panel=_GATEWAY),
    ] = None,
    client_ca: Annotated[
        Path | None,
        typer.Option(
            envvar="PENSTOCK_TLS_CLIENT_CA",
            help="PEM: callers need a certificate of these.",
            rich_help_panel=_GATEWAY,
        ),
    ] = None,
    trusted_hops: Annotated[
        int,
        typer.Option(
            envvar="PENSTOCK_TRUSTED_HOPS",
            help="Proxies before it whose X-Forwarded-For is believed.",
            rich_help_panel=_GATEWAY,
        ),
    ] = 0,
    home: Annotated[
        Path, typer.Option("--home", envvar="PENSTOCK_HOME", help="The state folder.")
    ] = DEFAULT_HOME,
) -> None:
    """Run the manager: its REST API under /api/v1, deployments, and the gateway.

    `penstock up` starts it with everything else on this machine. State is in the state folder, and
    in PENSTOCK_DATABASE where that names a PostgreSQL.

    Example: penstock manager --port 8400 --gateway-port 8080
    """
    log = Log()
    settings = ControlSettings(
        driver=driver,
        host=gateway_host,
        port=gateway_port,
        address=gateway_address,
        manager=nodes_manager,
        certificate=certificate,
        key=key,
        client_ca=client_ca,
        trusted_hops=trusted_hops,
        external_gateway=gateway is GatewayMode.EXTERNAL,
        environment=dict(os.environ),
    )
    try:
        with bounded(home / LOG):
            opening = open_control(home, settings, log)
            run_manager(home, Binding(host, port), opening, os.environ, log)
    finally:
        log.close()
