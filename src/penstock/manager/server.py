"""A state folder -> a manager that listens, acts, and stops gracefully."""

from __future__ import annotations

import logging
import secrets
import signal
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import FrameType
from typing import Final, TypeAlias

import uvicorn

from penstock.events import Observer, Started, Stopping
from penstock.manager.app import Manager, open_manager
from penstock.manager.context import ManagerContext, ManagerSettings
from penstock.manager.listening import Binding, announced, listening
from penstock.manager.lock import alone
from penstock.manager.ports import Desk
from penstock.store import tokens
from penstock.store.contents import ContentStore
from penstock.store.database import Database, open_state
from penstock.store.ids import RANDOM_BYTES, new_id
from penstock.store.relay import relayed
from penstock.store.vault import Vault, open_vault

OpenDesk: TypeAlias = Callable[[Database, Vault, ContentStore], AbstractContextManager[Desk]]

GATEWAY: Final = "PENSTOCK_GATEWAY_ADDRESS"
CONTENTS: Final = "contents"
REDIS: Final = "PENSTOCK_REDIS"
_NAME: Final = "manager"
_SECRET_BYTES: Final = 32
_GRACE: Final = 10  # seconds that what runs may go on when we are told to stop


def run_manager(
    home: Path,
    binding: Binding,
    open_desk: OpenDesk,
    environment: Mapping[str, str],
    observe: Observer,
) -> None:
    """Manage until told to stop.

    Raises ConflictError where a manager runs already, ConfigurationError, StateError.
    """
    token, _ = tokens.mint(new_id("", secrets.token_bytes(RANDOM_BYTES)), _random())
    with alone(home), listening(home, binding) as (port, unix):
        vault = open_vault(home, environment)
        contents = ContentStore(home / CONTENTS)
        with (
            open_state(home, environment) as database,
            relayed(database.bell, environment.get(REDIS), observe),
            open_desk(database, vault, contents) as desk,
        ):
            context = ManagerContext(
                database=database,
                vault=vault,
                contents=contents,
                desk=desk,
                clock=time.time,
                local_token=token,
                settings=read_settings(environment),
                observe=observe,
            )
            manager = open_manager(context)
            with announced(home, port, token, environment.get(GATEWAY, "")) as address:
                observe(Started(address=address, project=_NAME, digest=""))
                _serve(manager, [port, unix])
                observe(Stopping(project=_NAME))


def read_settings(environment: Mapping[str, str]) -> ManagerSettings:
    """Read what the environment decides: PENSTOCK_FOLDERS, PENSTOCK_GIT_HOSTS."""
    folders = environment.get("PENSTOCK_FOLDERS", "")
    hosts = environment.get("PENSTOCK_GIT_HOSTS", "")
    return ManagerSettings(
        folders=tuple(Path(one) for one in folders.split(":") if one),
        hosts=frozenset(one.strip() for one in hosts.split(",") if one.strip()),
    )


def _random() -> bytes:
    return secrets.token_bytes(_SECRET_BYTES)


class _Server(uvicorn.Server):
    """A server that sends home those who wait before it waits for them."""

    def __init__(self, config: uvicorn.Config, manager: Manager) -> None:
        super().__init__(config)
        self._manager = manager

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._manager.stop()
        super().handle_exit(sig, frame)


def _serve(manager: Manager, sockets: list[socket.socket]) -> None:
    # What the server's library would log as text is either noise or noticed as an event.
    logging.getLogger("uvicorn.error").disabled = True
    config = uvicorn.Config(
        manager.application,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=1024,
        timeout_graceful_shutdown=_GRACE,
    )
    server = _Server(config, manager)
    # The server raises a signal that stopped it once more; then too it means this.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, server.handle_exit)
    server.run(sockets=sockets)
