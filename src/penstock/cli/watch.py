"""A deployment, followed while it happens: its steps on a terminal, and how it ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from penstock.cli.place import Target
from penstock.cli.remote import Event, Manager
from penstock.errors import (
    AuthenticationError,
    DeploymentFailedError,
    ManagerUnreachableError,
    PenstockError,
)

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


class Line(msgspec.Struct, frozen=True):
    """An entry, its number, and when it was written, in epoch seconds."""

    entry: Entry
    sequence: int = 0
    time: float = 0.0


class _Journal(msgspec.Struct, frozen=True):
    entries: tuple[Line, ...]


def journal(manager: Manager, target: Target) -> Iterator[Line]:
    """Yield all that happened to an API in its environment, the oldest first."""
    after = 0
    while True:
        page = msgspec.convert(manager.get(f"{target.path}/journal", after=after), _Journal)
        yield from page.entries
        if not page.entries:
            return
        after = page.entries[-1].sequence


def last_sequence(manager: Manager, target: Target) -> int:
    """Return the number of the newest entry, 0 where nothing happened yet."""
    return max((line.sequence for line in journal(manager, target)), default=0)


@dataclass(slots=True)
class Watch:
    """`until` is the step after which nobody waits any longer: `baking` means that it serves.

    `after` is the journal's last entry that is old news.
    """

    manager: Manager
    target: Target
    deployment: str
    until: str = "baking"
    good: frozenset[str] = frozenset(_GOOD)
    after: int = 0
    _last: str | None = None

    def follow(self, console: Console, title: str) -> str:
        """Show the steps as they are taken; return the last one. Raises DeploymentFailedError."""
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24))
        quiet = not console.is_terminal
        with Progress(
            *columns, TimeElapsedColumn(), console=console, transient=True, disable=quiet
        ) as progress:
            bar = progress.add_task(f"{title}: queued", total=len(STEPS) - 1)
            for entry in self._entries():
                if entry.deployment != self.deployment:
                    continue
                if entry.phase in STEPS:
                    progress.update(bar, completed=STEPS.index(entry.phase))
                said = sentence(entry)
                progress.update(bar, description=f"{title}: {escape(said)}")
                text = Text(f"  {said}", style=_style(entry))
                console.print(text, soft_wrap=True)
                if self._is_over(entry):
                    return entry.phase or ""
        return ""

    def _is_over(self, entry: Entry) -> bool:
        if entry.phase in _BAD - self.good:
            reason = entry.detail or "no reason is known"
            stop = "" if reason.endswith((".", "!", "?", "…")) else "."
            raise DeploymentFailedError(
                f"The deployment was {entry.phase}: {reason}{stop}",
                hint=self._hint(),
            )
        if entry.phase in self.good:
            return True
        return entry.phase in STEPS and STEPS.index(entry.phase) >= STEPS.index(self.until)

    def _hint(self) -> str:
        """Name `penstock logs` where there is a node, or a log of one, that it would show."""
        serves = "`penstock status` says what serves now"
        try:
            status = self.manager.get(self.target.path)
            nodes = status.get("nodes") if isinstance(status, dict) else None
            kept = self.manager.items(
                "/logs", api=self.target.api, environment=self.target.environment
            )
            known = [*(nodes if isinstance(nodes, list) else ()), *kept]
        except PenstockError:
            known = []
        if any(isinstance(it, dict) and it.get("deployment") == self.deployment for it in known):
            return (
                f"{serves}; `penstock logs --deployment {self.deployment}` what its nodes printed."
            )
        return f"{serves}; `penstock history` how each one ended."

    def _entries(self) -> Iterator[Entry]:
        """Yield the journal from the beginning of this deployment on, whatever breaks between."""
        gives_up = time.monotonic() + _PATIENCE
        while True:
            try:
                for event in self.manager.events(
                    f"{self.target.path}/events", self._last or str(self.after)
                ):
                    gives_up = time.monotonic() + _PATIENCE
                    self._last = event.id or self._last
                    entry = _entry(event)
                    if entry is not None:
                        yield entry
            except (ManagerUnreachableError, AuthenticationError) as error:
                self.manager.bear(error, gives_up)


def _entry(event: Event) -> Entry | None:
    try:
        return msgspec.json.decode(event.data, type=Line).entry
    except msgspec.DecodeError:
        return None


def sentence(entry: Entry) -> str:
    """Say what happened in a few words."""
    about = f"node {entry.node} " if entry.node else ""
    phase = f"{entry.phase}" if entry.phase else ""
    return about + because(phase, entry.detail, " – ")


def because(phase: str, reason: str, between: str) -> str:
    """Say how something ended, and why; once, where the reason says both."""
    if not phase or reason.startswith(phase):
        return reason
    return f"{phase}{between}{reason}" if reason else phase


def _style(entry: Entry) -> str:
    if entry.alert or entry.phase in _BAD:
        return "red"
    if entry.phase in ("baking", "done"):
        return "green"
    return "dim" if entry.node else "default"
