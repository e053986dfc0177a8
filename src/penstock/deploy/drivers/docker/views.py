"""What the engine says of a container, as much of it as we read."""

from __future__ import annotations

from datetime import datetime

import msgspec

from penstock.deploy.drivers.labels import COLOUR, DEPLOYMENT, NODE
from penstock.deploy.types import Address, Colour, NodeState, NodeStats, RunningNode


class State(msgspec.Struct, frozen=True, rename="pascal"):
    status: str
    exit_code: int
    started_at: str


class Config(msgspec.Struct, frozen=True, rename="pascal"):
    labels: dict[str, str]
    env: tuple[str, ...] = ()


class Network(msgspec.Struct, frozen=True):
    ip: str = msgspec.field(name="IPAddress", default="")


class NetworkSettings(msgspec.Struct, frozen=True, rename="pascal"):
    networks: dict[str, Network]


class Container(msgspec.Struct, frozen=True, rename="pascal"):
    id: str
    state: State
    config: Config
    network_settings: NetworkSettings

    @property
    def runs(self) -> bool:
        return self.state.status in {"running", "paused", "restarting"}

    @property
    def begins(self) -> bool:
        return self.state.status == "created"

    def address(self, port: int) -> Address | None:
        found = [network.ip for network in self.network_settings.networks.values() if network.ip]
        return Address(host=found[0], port=port) if self.runs and found else None

    def node(self, port: int) -> RunningNode:
        labels = self.config.labels
        ended = not self.runs and not self.begins
        return RunningNode(
            id=labels[NODE],
            deployment=labels[DEPLOYMENT],
            colour=Colour(labels[COLOUR]),
            state=self._state(),
            address=self.address(port),
            exit_code=self.state.exit_code if ended else None,
            started=read_time(self.state.started_at),
        )

    def _state(self) -> NodeState:
        if self.runs:
            return NodeState.RUNNING
        return NodeState.STARTING if self.begins else NodeState.EXITED


class _Usage(msgspec.Struct, frozen=True):
    total: int = msgspec.field(name="total_usage", default=0)


class _CPU(msgspec.Struct, frozen=True):
    usage: _Usage = msgspec.field(name="cpu_usage", default_factory=_Usage)


class _Memory(msgspec.Struct, frozen=True):
    usage: int | None = None
    stats: dict[str, int] = msgspec.field(default_factory=dict)


class Stats(msgspec.Struct, frozen=True):
    cpu: _CPU = msgspec.field(name="cpu_stats", default_factory=_CPU)
    memory: _Memory = msgspec.field(name="memory_stats", default_factory=_Memory)

    def figures(self) -> NodeStats | None:
        """Return the figures, memory without files that are only kept while there is room."""
        if self.memory.usage is None:
            return None
        kept = self.memory.stats.get("total_inactive_file", 0)  # control groups of version 1
        kept = kept or self.memory.stats.get("inactive_file", 0)
        return NodeStats(cpu=self.cpu.usage.total / 1e9, memory=max(0, self.memory.usage - kept))


def read_time(text: str) -> float | None:
    """Read RFC 3339 with nanoseconds; the year 1 stands for never."""
    found = datetime.fromisoformat(text[:26].rstrip("Z").ljust(19) + "+00:00")
    return found.timestamp() if found.year > 1 else None
