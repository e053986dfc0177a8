"""What people ask of a place, and what they see of it: the words between REST and control."""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.deploy.rollout.types import Options, Rollout
from penstock.errors import PenstockError

MOST_NODES: Final = 100
MOST_UNITS: Final = 64


class DeployWish(msgspec.Struct, frozen=True, kw_only=True):
    """A version to deploy, or an artifact of old by its digest; exactly one is set.

    `nodes` and `units` are None to keep the size that the place has.
    """

    version: str | None = None
    artifact: str | None = None
    nodes: int | None = None
    units: int | None = None
    options: Options = Options()


class ScaleWish(msgspec.Struct, frozen=True, kw_only=True):
    nodes: int | None = None
    units: int | None = None


class NodeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A node as it is now. `cpu` is seconds since its start, `memory` bytes, times epoch s."""

    id: str
    api: str
    environment: str
    deployment: str
    colour: str
    phase: str
    units: int
    artifact: str
    version: str | None = None
    address: str | None = None
    started: float | None = None
    requests: int | None = None
    errors: int | None = None
    cpu: float | None = None
    memory: int | None = None


class PlaceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one API in one environment; addresses are those of the gateway."""

    api: str
    environment: str
    revision: int
    rollout: Rollout
    nodes: tuple[NodeStatus, ...] = ()
    address: str | None = None
    preview: str | None = None
    alerts: tuple[str, ...] = ()


class KeptLog(msgspec.Struct, frozen=True, kw_only=True):
    """The log of a node that failed and is gone, and why it went.

    `created` is when it was kept, `size` in bytes.
    """

    node: str
    api: str
    environment: str
    deployment: str
    reason: str
    created: float
    size: int


class Problem(msgspec.Struct, frozen=True):
    """Why nothing can be deployed at present: the code of an error, and what is said of it."""

    code: str
    said: str

    @classmethod
    def of(cls, error: PenstockError) -> Problem:
        return cls(error.code, error.told)


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """Artifacts that nobody needs any more, removed; `bytes` that this made free."""

    artifacts: tuple[str, ...]
    bytes: int
