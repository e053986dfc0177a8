"""What runs nodes, seen from the manager: one protocol, one file per driver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from penstock.deploy.types import Address, NodeSpec, NodeStats, RunningNode

LEFT = "left"  # the folder of the state folder for what nodes that are gone had left to tell


@dataclass(frozen=True, slots=True)
class ImagePlace:
    """An artifact on this machine: an OCI image layout of exactly this image."""

    digest: str
    layout: Path


@dataclass(frozen=True, slots=True)
class Stopped:
    """How a node ended; `killed` if it had to be forced after its grace."""

    exit_code: int | None
    killed: bool


class Driver(Protocol):
    """Every method is idempotent by the node's id, blocks, and may be called from any thread.

    All raise UnavailableError, with a way forward, where the engine cannot be reached;
    DriverError where it refuses.
    """

    @property
    def name(self) -> str: ...

    def check(self) -> None:
        """Say at once whether nodes can be run here at all."""

    def prepare(self, image: ImagePlace) -> None:
        """Make an image runnable: unpack it, load it into the engine, push it to the registry."""

    def prepared(self) -> frozenset[str]:
        """Return the digests of the images that are runnable here."""

    def forget(self, digest: str) -> None:
        """Remove a prepared image, if no node runs it."""

    def start(self, node: NodeSpec) -> None:
        """Start a node and return at once; one that runs already is left alone."""

    def list(self) -> tuple[RunningNode, ...]:
        """Return every node of this installation, exited ones that were not stopped by us too."""

    def address(self, node: str) -> Address | None:
        """Return where a node listens, None if it has no address (yet, or any more)."""

    def stop(self, node: str, grace: float) -> Stopped:
        """SIGTERM, SIGKILL after `grace` seconds, and forget it; gone already is no error.

        What it still had to tell is in the state folder, `left/<node>`, if it can be kept at all.
        """

    def logs(self, node: str, *, tail: int | None = None, follow: bool = False) -> Iterator[bytes]:
        """Yield lines of what a node printed, without their ends; the last `tail` of them.

        Who follows them is given an empty line at least each second, and can leave then. Logs of a
        node that was stopped may be gone. Raises NotFoundError.
        """

    def stats(self, node: str) -> NodeStats | None:
        """Return what a node uses, None where it is not running."""

    def close(self) -> None:
        """Release connections; nodes go on."""
