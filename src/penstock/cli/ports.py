"""Where manager and gateway are to listen -> whether they can, before anybody waits for them."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from penstock.control.open import open_gateway
from penstock.control.settings import is_external
from penstock.errors import ConfigurationError

MANAGER_HOST = "PENSTOCK_MANAGER_HOST"


def check_ports(home: Path, host: str, port: int, manager_port: int) -> None:
    """Raise ConfigurationError where the gateway or the manager cannot listen.

    A gateway of before that still runs is found again: its port is its own.
    """
    if port == manager_port:
        raise ConfigurationError(
            f"--port and --manager-port are both {port}.",
            hint="The first is the gateway's, the second the manager's: give them two.",
        )
    external = is_external(os.environ)
    if not external and open_gateway(home, external=False).pid() is None:
        _check("The gateway", host, port, "Choose another --port, or stop who listens there.")
    if manager_port:
        manager_host = os.environ.get(MANAGER_HOST, "127.0.0.1")
        hint = "Choose another --manager-port, or 0 for a free one."
        _check("The manager", manager_host, manager_port, hint)


def _check(who: str, host: str, port: int, hint: str) -> None:
    """Listen for a moment, as whoever has to will."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            raise ConfigurationError(
                f"{who} cannot listen on {place}: {error.strerror}.", hint=hint
            ) from error
