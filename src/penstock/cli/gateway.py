"""`penstock gateway`: Envoy apart from the manager, on the files that it writes."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from penstock.cli.home import DEFAULT_HOME, Home
from penstock.deploy.gateway import GatewaySettings, run_gateway


def gateway(
    *,
    concurrency: Annotated[
        int,
        typer.Option(envvar="PENSTOCK_GATEWAY_THREADS", help="Threads that answer.", min=1),
    ] = 1,
    connections: Annotated[
        int,
        typer.Option(
            envvar="PENSTOCK_GATEWAY_CONNECTIONS", help="Callers connected at once.", min=1
        ),
    ] = 20_000,
    drain: Annotated[
        float, typer.Option(help="Seconds that requests may go on once it is to end.", min=0)
    ] = 10.0,
    wait: Annotated[
        float, typer.Option(help="Seconds to wait for a manager's first files.", min=0)
    ] = 60.0,
    home: Home = DEFAULT_HOME,
) -> None:
    """Run the gateway apart from its manager, in a container of its own for instance.

    It shares the folder `gateway` of the state folder with a manager that is told
    PENSTOCK_GATEWAY=external: that one writes its files, this one reads them. What it served
    before, it serves at once, manager or not. SIGTERM lets what runs finish.

    Example: penstock gateway --home /state
    """
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    settings = GatewaySettings(concurrency=concurrency, connections=connections, drain=drain)
    run_gateway(home.absolute() / "gateway", settings, wait, ending)
