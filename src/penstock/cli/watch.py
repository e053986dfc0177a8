"""A deployment, followed while it happens: its steps on a terminal, and how it ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from penstock.cli.place import Target
from penstock.cli.remote import Event, Manager
from penstock.errors import DeploymentFailedError, ManagerUnreachableError

STEPS = ("queued", "building", "starting", "verifying", "ready", "promoting", "baking", "done")
_GOOD = {"done"}
_BAD = {"aborted", "rolled back", "stuck"}
_PATIENCE = 60.0  # seconds that a manager may be away meanwhile


class Entry(msgspec.Struct, frozen=True):
    """A line of a place's journal."""

    deployment: str
    phase: str | None = None
    node: str | None = None
    detail: str = ""
    alert: bool = False


class _Line(msgspec.Struct, frozen=True):
    entry: Entry
    sequence: int = 0
    time: float = 0.0


@dataclass(slots=True)
class Watch:
    """`until` is the step after which nobody waits any longer: `baking` means that it serves."""

    manager: Manager
    target: Target
    deployment: str
    until: str = "baking"
    good: frozenset[str] = frozenset(_GOOD)
    _reached: int = 0
    _last: str | None = None
    _asked: set[str] = field(default_factory=set)

    def follow(self, console: Console, title: str) -> str:
        """Show the steps as they are taken; return the last one. Raises DeploymentFailedError."""
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24))
        with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
            bar = progress.add_task(f"{title}: queued", total=len(STEPS) - 1)
            for entry in self._entries():
                if entry.deployment != self.deployment:
                    continue
                if entry.phase in STEPS:
                    self._reached = STEPS.index(entry.phase)
                    progress.update(bar, completed=self._reached)
                said = sentence(entry)
                progress.update(bar, description=f"{title}: {said}")
                console.print(f"  {said}", style=_style(entry), highlight=False, markup=False)
                if self._is_over(entry):
                    return entry.phase or ""
        return ""

    def _is_over(self, entry: Entry) -> bool:
        if entry.phase in _BAD - self.good:
            raise DeploymentFailedError(
                f"The deployment was {entry.phase}: {entry.detail or 'no reason is known'}.",
                hint="`penstock status` says what serves now; `penstock logs` what nodes printed.",
            )
        if entry.phase in self.good:
            return True
        return entry.phase in STEPS and STEPS.index(entry.phase) >= STEPS.index(self.until)

    def _entries(self) -> Iterator[Entry]:
        """Yield the journal from the beginning of this deployment on, whatever breaks between."""
        gives_up = time.monotonic() + _PATIENCE
        while True:
            try:
                for event in self.manager.events(f"{self.target.path}/events", self._last or "0"):
                    gives_up = time.monotonic() + _PATIENCE
                    self._last = event.id or self._last
                    entry = _entry(event)
                    if entry is not None:
                        yield entry
            except ManagerUnreachableError:
                if time.monotonic() > gives_up:
                    raise
                time.sleep(0.3)


def _entry(event: Event) -> Entry | None:
    try:
        return msgspec.json.decode(event.data, type=_Line).entry
    except msgspec.DecodeError:
        return None


def sentence(entry: Entry) -> str:
    """Say what happened in a few words."""
    about = f"node {entry.node} " if entry.node else ""
    phase = f"{entry.phase}" if entry.phase else ""
    detail = entry.detail if not phase else f" – {entry.detail}" if entry.detail else ""
    return f"{about}{phase}{detail}"


def _style(entry: Entry) -> str:
    if entry.alert or entry.phase in _BAD:
        return "red"
    if entry.phase in ("baking", "done"):
        return "green"
    return "dim" if entry.node else "default"
