"""Envoy by itself: on the files that a manager writes, for as long as nobody ends it."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Event
from typing import Final

from penstock.deploy.gateway.bootstrap import BOOTSTRAP
from penstock.deploy.gateway.gateway import Gateway
from penstock.deploy.gateway.process import last_words
from penstock.deploy.gateway.types import GatewaySettings
from penstock.errors import GatewayError

_LOOK_EVERY: Final = 0.2
_ROTATE_EVERY: Final = 60.0


def run_gateway(home: Path, settings: GatewaySettings, wait: float, ending: Event) -> None:
    """Run Envoy until `ending` is set, then let what runs finish, and end it.

    Waits so many seconds for a manager's first files. Raises GatewayError: they do not come, Envoy
    does not start, runs here already, or ended by itself.
    """
    if not _wait_for(home / BOOTSTRAP, wait, ending):
        return
    gateway = Gateway(home, settings)
    if gateway.pid() is not None:
        raise GatewayError(
            f"A gateway runs with the files in {home} already.",
            hint="A manager starts its own unless PENSTOCK_GATEWAY is external.",
        )
    gateway.start()
    try:
        _watch(gateway, ending)
    finally:
        gateway.stop()


def _wait_for(file: Path, seconds: float, ending: Event) -> bool:
    """Say whether there is reason to go on. Raises GatewayError."""
    until = time.monotonic() + seconds
    while not file.exists():
        if time.monotonic() > until:
            raise GatewayError(
                f"No manager has written {file} within {seconds:g} s.",
                hint="Start one with PENSTOCK_GATEWAY=external and the same folder.",
            )
        if ending.wait(_LOOK_EVERY):
            return False
    return not ending.is_set()


def _watch(gateway: Gateway, ending: Event) -> None:
    rotated = time.monotonic()
    while not ending.wait(_LOOK_EVERY):
        if gateway.pid() is None:
            raise GatewayError(
                f"The gateway ended by itself. Its last words: {last_words(gateway.log)}"
            )
        if time.monotonic() - rotated > _ROTATE_EVERY:
            gateway.rotate_logs()
            rotated = time.monotonic()
