"""What `penstock up` was given × the manager that runs -> which options differ from its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import psutil

from penstock.cli.remote import Running, read_running
from penstock.control.settings import DEFAULT_PORT
from penstock.errors import ConfigurationError, ManagerUnreachableError


@dataclass(frozen=True, slots=True)
class _Known:
    """How a manager was given what is an option of `up`, and what it takes where it was not."""

    option: str
    variable: str
    default: str


_PORT: Final = "manager_port"
_OPTIONS: Final = {
    "port": _Known("--gateway-port", "PENSTOCK_PORT", str(DEFAULT_PORT)),
    "host": _Known("--gateway-host", "PENSTOCK_HOST", "127.0.0.1"),
    "driver": _Known("--driver", "PENSTOCK_DRIVER", "process"),
}


@dataclass(frozen=True, slots=True)
class Already:
    """A manager that runs, as it was started."""

    running: Running
    command: Sequence[str]
    environment: Mapping[str, str]

    def refuse_others(self, given: Mapping[str, str]) -> None:
        """Raise ConfigurationError where options of `up`, by their parameters' names, differ."""
        differ = [
            f"--{name.replace('_', '-')} is {has}, not {wanted}"
            for name, wanted in given.items()
            if wanted != (has := self._has(name)) and (name, wanted) != (_PORT, "0")
        ]
        if differ:
            raise ConfigurationError(
                f"Penstock is up already, with other options: {'; '.join(differ)}.",
                hint="`penstock down` ends it, nodes and all; `penstock up` with these options "
                "then runs the same again.",
            )

    def _has(self, name: str) -> str:
        if name == _PORT:
            return str(urlsplit(self.running.address).port)
        known = _OPTIONS[name]
        for word, following in zip(self.command, (*self.command[1:], ""), strict=True):
            if word == known.option:
                return following
            if word.startswith(f"{known.option}="):
                return word.partition("=")[2]
        return self.environment.get(known.variable, known.default)


def find_already(home: Path) -> Already | None:
    """Return the manager that runs with this state folder, None if there is none."""
    try:
        running = read_running(home)
        process = psutil.Process(running.pid)
        command = process.cmdline()
        if "manager" not in command or process.status() == psutil.STATUS_ZOMBIE:
            return None
        return Already(running, command, process.environ())
    except (ManagerUnreachableError, psutil.Error, ValueError):
        return None
