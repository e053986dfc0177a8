"""A node's size, as the kernel enforces it: a control group each, below one given to us."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path

from penstock.deploy.types import UNIT_BYTES, UNIT_CPUS
from penstock.errors import DriverError

ROOT = Path("/sys/fs/cgroup")
_PERIOD = 100_000  # µs in which a node gets its share of CPU time
_PIDS = 4096
# A group can be removed once the kernel has taken the last process out of it.
_EMPTY_WITHIN = 2.0


@dataclass(frozen=True, slots=True)
class Cgroups:
    """`parent` is a group's path below the mount, `/system.slice/penstock.service`."""

    parent: str
    root: Path = ROOT

    def check(self) -> None:
        """Raise DriverError where no groups can be made below the parent."""
        try:
            for folder in self._folders("check").values():
                folder.mkdir(parents=True, exist_ok=True)
                folder.rmdir()
        except OSError as error:
            raise DriverError(
                f"No control groups can be made below {self.parent}: {error.strerror}",
                hint="Have it delegated (systemd: Delegate=yes), or unset PENSTOCK_CGROUP.",
            ) from error

    def make(self, node: str, units: int) -> list[str]:
        """Return the files that take a process into the node's group."""
        folders = self._folders(node)
        try:
            for name, folder in folders.items():
                folder.mkdir(parents=True, exist_ok=True)
                for file, value in self._bounds(name, units):
                    (folder / file).write_text(value)
        except OSError as error:
            self.remove(node)
            raise DriverError(
                f"The node's control group cannot be made: {error}",
                hint="Have PENSTOCK_CGROUP delegated with cpu, memory and pids, or unset it.",
            ) from error
        return [str(folder / "cgroup.procs") for folder in folders.values()]

    def remove(self, node: str) -> None:
        """Remove a node's groups, as far as they are empty."""
        deadline = time.monotonic() + _EMPTY_WITHIN
        for folder in self._folders(node).values():
            while folder.exists() and time.monotonic() < deadline:
                with contextlib.suppress(OSError):
                    folder.rmdir()
                    break
                time.sleep(0.02)

    def _folders(self, node: str) -> dict[str, Path]:
        """Return the node's groups by controller; there is one for all of them in version 2."""
        below = self.parent.strip("/")
        if self._unified():
            parent = self.root / below
            parent.mkdir(parents=True, exist_ok=True)
            (parent / "cgroup.subtree_control").write_text("+cpu +memory +pids")
            return {"unified": parent / node}
        return {name: self.root / name / below / node for name in ("cpu", "memory", "pids")}

    def _unified(self) -> bool:
        return (self.root / "cgroup.controllers").exists()

    def _bounds(self, controller: str, units: int) -> list[tuple[str, str]]:
        memory = str(units * UNIT_BYTES)
        quota = str(units * UNIT_CPUS * _PERIOD)
        bounds = {
            "cpu": [("cpu.cfs_period_us", str(_PERIOD)), ("cpu.cfs_quota_us", quota)],
            "memory": [("memory.limit_in_bytes", memory)],
            "pids": [("pids.max", str(_PIDS))],
            "unified": [
                ("cpu.max", f"{quota} {_PERIOD}"),
                ("memory.max", memory),
                ("pids.max", str(_PIDS)),
            ],
        }
        return bounds[controller]
