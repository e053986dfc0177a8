"""What a manager acts upon: the nodes' driver, the gateway, the artifacts, and what it knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from penstock.control.places import Places
from penstock.control.tasks import Tasks
from penstock.deploy.artifact.store import ArtifactStore
from penstock.deploy.drivers.types import Driver
from penstock.deploy.gateway import Gateway
from penstock.events import Observer
from penstock.link.token import NodeIdentity
from penstock.secret import Secret
from penstock.store.database import Database
from penstock.store.vault import Vault
from penstock.usage.event import UsageEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a node needs to find its manager, and to believe it.

    `address` is unix:/… or http://…; `public_key` that of the snapshots, base64.
    """

    address: str
    public_key: str
    token_of: Callable[[NodeIdentity], Secret]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    home: Path
    database: Database
    vault: Vault
    artifacts: ArtifactStore
    driver: Driver
    gateway: Gateway
    places: Places
    tasks: Tasks
    link: Link
    observe: Observer
    take_usage: Callable[[Sequence[UsageEvent]], object]
