"""The nodes of an API, as they come and go -> their lines, as they print them."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Final

from penstock.cli.place import Target
from penstock.cli.remote import Manager, part
from penstock.cli.waiting import read_status
from penstock.deploy.rollout.types import Rollout
from penstock.errors import (
    AuthenticationError,
    ManagerUnreachableError,
    NotFoundError,
    PenstockError,
)
from penstock.store.desk import PlaceStatus

_BETWEEN: Final = 0.5  # seconds between two looks at which nodes there are
_PATIENCE: Final = 60.0  # seconds that a manager may be away meanwhile


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose logs are wanted: of one node, of one deployment, of both, or of whatever runs."""

    node: str | None
    deployment: str | None

    def fits(self, node: str, deployment: str) -> bool:
        return self.node in (None, node) and self.deployment in (None, deployment)

    def running(self, status: PlaceStatus) -> list[str]:
        """Return the nodes of these that run."""
        return [node.id for node in status.nodes if self.fits(node.id, node.deployment)]

    def may_come(self, rollout: Rollout) -> bool:
        """Whether nodes that are not there yet may be of these."""
        if self.node is not None:
            return False
        changing = None if rollout.change is None else rollout.change.release
        releases = (changing, rollout.blue, rollout.green)
        known = {release.deployment for release in releases if release is not None}
        return self.deployment is None or self.deployment in known


@dataclass(slots=True)
class Following:
    """`tail` is for the nodes that are there at first: those that come later are told whole.

    `remark` is told what is no line of a node: that it waits, or why it ends.
    """

    manager: Manager
    target: Target
    wanted: Wanted
    tail: int
    remark: Callable[[str], object]
    _lines: queue.Queue[tuple[str, str]] = field(default_factory=lambda: queue.Queue(1000))
    _readers: dict[str, threading.Thread] = field(default_factory=dict)
    _tails: dict[str, int | None] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _failed: list[PenstockError] = field(default_factory=list)
    _left: threading.Event = field(default_factory=threading.Event)
    _waits: bool = False

    def lines(self) -> Generator[tuple[str, str], None, None]:
        """Yield node and line until no more can come, which is remarked; raises PenstockError.

        Close it before the manager.
        """
        try:
            yield from self._follow()
        finally:
            self._left.set()

    def _follow(self) -> Iterator[tuple[str, str]]:
        tail: int | None = self.tail
        while True:
            status = self._status()
            running = self.wanted.running(status)
            for node in running:
                self._read_on(node, tail)
            tail = None
            yield from self._take()
            if self._failed:
                raise self._failed[0]
            if not running and self._is_over(status):
                yield from self._rest()
                return
            self._waits = not running

    def _status(self) -> PlaceStatus:
        gives_up = time.monotonic() + _PATIENCE
        while True:
            try:
                return read_status(self.manager, self.target)
            except (ManagerUnreachableError, AuthenticationError) as error:
                self.manager.bear(error, gives_up)

    def _read_on(self, node: str, tail: int | None) -> None:
        """Read a node, also anew where the manager went away meanwhile: then what comes now."""
        known = self._readers.get(node)
        if known is not None and known.is_alive():
            return
        wanted = 0 if node in self._told else self._tails.setdefault(node, tail)
        reader = threading.Thread(target=self._read, args=(node, wanted), daemon=True)
        self._readers[node] = reader
        reader.start()

    def _read(self, node: str, tail: int | None) -> None:
        path = f"/nodes/{part(node)}/logs"
        try:
            with self.manager.stream(path, silence=None, tail=tail, follow="true") as response:
                for line in response.iter_lines():
                    self._told.add(node)
                    self._lines.put((node, line))
        except (ManagerUnreachableError, AuthenticationError, NotFoundError):
            return  # whoever looks which nodes there are finds out: it may be yet to start
        except PenstockError as error:
            self._failed.append(error)
        except Exception:
            if not self._left.is_set():  # whoever read has closed the connection meanwhile
                raise

    def _take(self) -> Iterator[tuple[str, str]]:
        until = time.monotonic() + _BETWEEN
        while (left := until - time.monotonic()) > 0:
            try:
                yield self._lines.get(timeout=left)
            except queue.Empty:
                return

    def _rest(self) -> Iterator[tuple[str, str]]:
        """Yield what readers of nodes that are gone have still to tell."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            going = any(reader.is_alive() for reader in self._readers.values())
            yield from self._take()
            if not going and self._lines.empty():
                return

    def _is_over(self, status: PlaceStatus) -> bool:
        wanted = self.wanted
        if wanted.may_come(status.rollout):
            if not self._waits:
                self.remark(f"No node of {self.target.name} runs: waiting for one. Ctrl-C ends.")
            return False
        if wanted.node is not None:
            self.remark(f"{wanted.node} has ended.")
        else:
            self.remark(
                f"No node of {wanted.deployment} runs any more: "
                "`penstock history` says how it ended."
            )
        return True
