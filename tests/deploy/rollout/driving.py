"""Small words for driving a rollout through a test."""

from __future__ import annotations

from dataclasses import dataclass, field

from penstock.deploy.rollout.events import (
    ChecksPassed,
    Deploy,
    Event,
    NodeDrained,
    NodeReady,
    NodeStopped,
    Picked,
    Routed,
    Tick,
)
from penstock.deploy.rollout.step import step
from penstock.deploy.rollout.types import Note, Options, Phase, Release, Rollout
from penstock.deploy.rollout.wanted import Wanted, wanted
from penstock.deploy.types import Colour

QUICK = Options(bake=0)


def release(name: str, *, nodes: int = 1, options: Options = QUICK) -> Release:
    return Release(
        deployment=f"dep_{name}",
        version=f"ver_{name}",
        artifact=f"sha256:{name}",
        nodes=nodes,
        options=options,
    )


@dataclass
class Drive:
    """A rollout, and a world that does what is wanted when it is told to."""

    state: Rollout = field(default_factory=Rollout)
    now: float = 0.0
    notes: list[Note] = field(default_factory=list)

    def tell(self, *events: Event) -> Rollout:
        for event in events:
            moved = step(self.state, event, self.now)
            self.state = moved.state
            self.notes.extend(moved.notes)
        return self.state

    def wait(self, seconds: float) -> Rollout:
        self.now += seconds
        return self.tell(Tick())

    @property
    def wanted(self) -> Wanted:
        return wanted(self.state, self.now)

    def serving(self) -> Colour | None:
        return self.state.live

    @property
    def phase(self) -> Phase | None:
        return None if self.state.change is None else self.state.change.phase

    @property
    def outcome(self) -> Phase | None:
        return None if self.state.last is None else self.state.last.phase

    def prove(self) -> None:
        """Every node that is started becomes ready."""
        self.tell(*(NodeReady(node.id) for node in self.wanted.prove))

    def clear(self) -> None:
        """What drains ends, what ended goes."""
        self.tell(*(NodeDrained(node.id) for node in self.wanted.drain))
        self.tell(*(NodeStopped(node.id) for node in self.wanted.stop))

    def follow(self) -> None:
        """Do all that is wanted, once."""
        if self.wanted.pick:
            self.tell(Picked())
        self.prove()
        if self.wanted.check:
            self.tell(ChecksPassed(self.wanted.check))
        if self.wanted.routed:
            self.tell(Routed(self.wanted.routed))
        self.clear()

    def deploy(self, name: str, *, nodes: int = 1, options: Options = QUICK) -> None:
        """Deploy and go as far as it goes by itself."""
        self.tell(Deploy(release(name, nodes=nodes, options=options)))
        for _ in range(4):
            self.follow()
