"""The words of deployment: colours, sizes, nodes, and what one is started with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from penstock.errors import ManagementError
from penstock.secret import Secret

_ENVIRONMENT = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
UNIT_CPUS = 1
UNIT_BYTES = 2_000_000_000


class Colour(StrEnum):
    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> Colour:
        return Colour.GREEN if self is Colour.BLUE else Colour.BLUE


@dataclass(frozen=True, slots=True)
class Place:
    """Where an API is deployed: what one rollout is about. `api` is the API's id."""

    api: str
    environment: str = "production"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a node listens, as the gateway and the manager reach it: a Unix socket, or host:port.

    Exactly one of `path` and `host` is set.
    """

    path: str | None = None
    host: str | None = None
    port: int = 0

    def __str__(self) -> str:
        return f"unix:{self.path}" if self.path else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSpec:
    """One node to run, decided and written down before it is started.

    `id` is unique in the installation, lower-case letters, digits and hyphens, at most 40
    characters. `environment` holds what the node is started with; a Secret never shows in a
    command line, a label or a log. `artifact` is the digest of its image, `sha256:…`.
    """

    id: str
    place: Place
    deployment: str
    colour: Colour
    artifact: str
    units: int = 1
    environment: Mapping[str, str | Secret] = field(default_factory=dict)


class NodeState(StrEnum):
    STARTING = "starting"
    RUNNING = "running"
    EXITED = "exited"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningNode:
    """A node as its driver sees it now. `address` is None until it has one; times are epoch s."""

    id: str
    deployment: str
    colour: Colour
    state: NodeState
    address: Address | None = None
    exit_code: int | None = None
    started: float | None = None


@dataclass(frozen=True, slots=True)
class NodeStats:
    """CPU used since the start, in seconds, and memory now, in bytes; None where not known."""

    cpu: float | None
    memory: int | None


def check_environment(name: str) -> None:
    """Raise ManagementError for what an environment cannot be called: addresses hold its name."""
    if not _ENVIRONMENT.fullmatch(name):
        raise ManagementError(
            f"{name[:64]!r} cannot be the name of an environment.",
            hint="1 to 32 of a to z, 0 to 9 and -, not beginning with -: `-e staging`, for one.",
        )
