"""Waiting until an API has the size that was asked for, with a bar that says how far it is."""

from __future__ import annotations

import time
from collections.abc import Mapping

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from penstock.cli.place import Target
from penstock.cli.remote import Manager
from penstock.deploy.rollout.types import NodePhase
from penstock.errors import DeploymentFailedError
from penstock.store.desk import PlaceStatus

_PATIENCE = 180.0
_BETWEEN = 0.1


def read_status(manager: Manager, target: Target) -> PlaceStatus:
    """Return all that is known of a place."""
    return msgspec.convert(manager.get(target.path), PlaceStatus)


def wait_for_size(
    manager: Manager, target: Target, console: Console, asked: Mapping[str, object]
) -> None:
    """Wait for the `nodes` and `units` that were asked for, of what serves.

    A deployment that is under way is sized alike; where nothing serves yet that is told instead.

    Raises DeploymentFailedError where it takes too long.
    """
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TimeElapsedColumn())
    until = time.monotonic() + _PATIENCE
    status = read_status(manager, target)
    later = _once_it_serves(status)
    if later is not None:
        console.print(f"[bold]{target.name}[/] {later}")
        return
    quiet = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=quiet) as progress:
        bar = progress.add_task("Scaling", total=1)
        while time.monotonic() < until:
            wanted, fit, others = _count(status)
            progress.update(
                bar,
                total=max(wanted, 1),
                completed=min(fit, wanted),
                description=f"Scaling {target.name}: {fit} of {wanted} nodes",
            )
            if fit == wanted and not others and _is_asked(status, asked):
                console.print(
                    f"[bold green]{target.name}[/] runs on {wanted} node{'s' * (wanted != 1)}."
                    f"{_what_comes(status)}"
                )
                return
            time.sleep(_BETWEEN)
            status = read_status(manager, target)
    alerts = "; ".join(status.alerts)
    raise DeploymentFailedError(
        f"The nodes were not ready after {_PATIENCE:g} s. {alerts}".strip(),
        hint="`penstock status` and `penstock logs` say more; the nodes of before serve on.",
    )


def _once_it_serves(status: PlaceStatus) -> str | None:
    """Say what the size will be, where nothing serves that would have it now."""
    rollout = status.rollout
    if rollout.live is not None:
        return None
    change, parked = rollout.change, rollout.parked
    if change is not None:
        nodes = change.release.nodes
        when = f"{change.deployment} has ended ({change.progress(rollout.clock)})"
    elif parked is not None:
        nodes, when = parked.nodes, "it is started: `penstock start`"
    else:
        return None
    return f"will run on {nodes} node{'s' * (nodes != 1)} once {when}."


def _what_comes(status: PlaceStatus) -> str:
    """Say that what is to serve next has the size too: its nodes may still be starting."""
    change = status.rollout.change
    if change is None or change.target is status.rollout.live:
        return ""
    return f" So will {change.deployment} ({change.progress(status.rollout.clock)})."


def _is_asked(status: PlaceStatus, asked: Mapping[str, object]) -> bool:
    """Whether what is wanted by now is what was asked for."""
    rollout = status.rollout
    release = None if rollout.live is None else rollout.release(rollout.live)
    if release is None:
        return True
    return {"nodes": release.nodes, "units": release.units}.items() >= asked.items()


def _count(status: PlaceStatus) -> tuple[int, int, int]:
    """Return how many nodes are wanted, how many are ready, and how many others are left."""
    rollout = status.rollout
    release = None if rollout.live is None else rollout.release(rollout.live)
    if rollout.live is None or release is None:
        return 0, 0, 0
    nodes = [node for node in rollout.nodes if node.colour is rollout.live]
    fit = [
        node
        for node in nodes
        if node.phase is NodePhase.READY
        and node.units == release.units
        and node.deployment == release.deployment
    ]
    return release.nodes, len(fit), len(nodes) - len(fit)
