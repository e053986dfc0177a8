"""What a shell is offered for a name that only the manager knows: at once, or nothing."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, TypeAlias

import typer

from penstock.cli.home import DEFAULT_HOME
from penstock.cli.remote import Manager, open_manager

Read: TypeAlias = Callable[[Manager], Iterable[str]]

# Shells put what they are offered on the line as it is: what they would run is not offered.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_@.+/:-]*")
_PATIENCE: Final = 1.0  # seconds that somebody who has pressed the key waits at most


def offer(context: typer.Context, incomplete: str, read: Read) -> list[str]:
    """Return the names that begin so; none where the manager is not there, or slow.

    Whatever goes wrong is told once the command is run: a shell would print it over the line.
    """
    found: list[str] = []

    def ask() -> None:
        try:
            with open_manager(_home(context)) as manager:
                found.extend(read(manager))
        except Exception:  # noqa: BLE001 no error may reach the line that somebody is typing
            found.clear()

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_PATIENCE)
    names = {name for name in tuple(found) if name.startswith(incomplete)}
    return sorted(name for name in names if _PLAIN.fullmatch(name))


def _home(context: typer.Context) -> Path:
    given = context.params.get("home")
    return given if isinstance(given, Path) else Path(os.environ.get("PENSTOCK_HOME", DEFAULT_HOME))
