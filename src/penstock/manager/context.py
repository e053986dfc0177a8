"""What the handlers of a manager work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from penstock.events import Event
from penstock.manager.ports import Desk
from penstock.secret import Secret
from penstock.store.contents import ContentStore
from penstock.store.database import Database
from penstock.store.vault import Vault

SIGNING_KEY: Final = "snapshot-signing"
NODE_SECRET: Final = "node-tokens"  # noqa: S105 it names a secret, and is none
NODE_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagerSettings:
    """Bounds of what a manager takes; sizes in bytes, times in seconds.

    `folders` are those that people may synchronise from; whoever holds the state folder may from
    all. `hosts` are Git servers on private addresses that may be reached.
    """

    max_body: int = 1 << 20
    max_upload: int = 256 << 20
    max_unpacked: int = 1 << 30
    max_files: int = 20_000
    git_seconds: float = 120.0
    session_seconds: float = 43_200.0
    max_streams: int = 256
    folders: tuple[Path, ...] = ()
    hosts: frozenset[str] = frozenset()


def _ignore(_: Event) -> None:
    """Notice nothing: for who did not say where to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagerContext:
    """`clock` gives epoch seconds. `local_token` is what whoever holds the state folder sends."""

    database: Database
    vault: Vault
    contents: ContentStore
    desk: Desk
    clock: Callable[[], float]
    local_token: Secret | None = None
    settings: ManagerSettings = field(default_factory=ManagerSettings)
    observe: Callable[[Event], None] = _ignore
