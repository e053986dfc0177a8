"""`penstock logs`: what the nodes of an API print, or printed before they failed."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Final

import msgspec
import typer

from penstock.cli.completing import offer
from penstock.cli.home import DEFAULT_HOME, Home
from penstock.cli.place import PRODUCTION, ApiArgument, EnvironmentOption, Target, find_target, text
from penstock.cli.remote import Manager, open_manager
from penstock.cli.waiting import read_status
from penstock.errors import ManagerUnreachableError, NotFoundError, PenstockError
from penstock.store.desk import KeptLog

_SHOWN: Final = 200  # characters of a reason: the log below it says all


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose logs are wanted: of one node, of one deployment, of both, or of whatever runs."""

    node: str | None
    deployment: str | None

    def fits(self, node: str, deployment: str) -> bool:
        return self.node in (None, node) and self.deployment in (None, deployment)


def complete_node(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the nodes that run, and those whose logs were kept."""

    def read(manager: Manager) -> list[str]:
        running = (text(node, "id") for node in manager.items("/nodes"))
        return [*running, *(text(log, "node") for log in manager.items("/logs"))]

    return offer(context, incomplete, read)


def complete_deployment(context: typer.Context, incomplete: str) -> list[str]:
    def read(manager: Manager) -> list[str]:
        return [text(one, "id") for one in islice(manager.items("/deployments"), 100)]

    return offer(context, incomplete, read)


def logs(  # noqa: PLR0913 each is an option of the command
    api: ApiArgument = None,
    *,
    node: Annotated[
        str | None,
        typer.Option(help="One node only, by its id.", autocompletion=complete_node),
    ] = None,
    deployment: Annotated[
        str | None,
        typer.Option(
            help="The nodes of one deployment: `dep_…`, failed or not.",
            autocompletion=complete_deployment,
        ),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as they print.")] = False,
    tail: Annotated[int, typer.Option(min=0, help="How many lines of each node.")] = 50,
    environment: EnvironmentOption = PRODUCTION,
    home: Home = DEFAULT_HOME,
) -> None:
    """Print what an API's nodes print: a line of JSON for each request, and what they notice.

    Where none runs: what the nodes of the last deployment that failed had printed.

    Example: penstock logs flights -f
    """
    with open_manager(home) as manager:
        target = find_target(manager, api, environment)
        nodes = _find_nodes(manager, target, Wanted(node, deployment))
        try:
            for name, line in _all(manager, nodes, tail=tail, follow=follow):
                prefix = f"{name} | " if len(nodes) > 1 else ""
                sys.stdout.write(f"{prefix}{line}\n")
                sys.stdout.flush()
        except KeyboardInterrupt:
            return
        except BrokenPipeError:
            sys.stderr.close()


def _find_nodes(manager: Manager, target: Target, wanted: Wanted) -> list[str]:
    """Return the nodes that run, and those whose logs were kept where such are wanted."""
    running = [
        node.id
        for node in read_status(manager, target).nodes
        if wanted.fits(node.id, node.deployment)
    ]
    if running and wanted.deployment is None:
        return running
    kept = [
        log
        for log in read_kept(manager, target)
        if log.node not in running and wanted.fits(log.node, log.deployment)
    ]
    if not running and not kept:
        raise _nothing(target, wanted)
    if not running and wanted == Wanted(None, None):
        kept = [log for log in kept if log.deployment == kept[0].deployment]
    for log in kept:
        gone = f"{log.node} of {log.deployment} is gone: {_shortened(log.reason)}"
        typer.echo(gone, err=True)
    return [*running, *(log.node for log in reversed(kept))]


def read_kept(manager: Manager, target: Target) -> list[KeptLog]:
    """Return what was kept of nodes that failed, the newest first."""
    found = manager.items("/logs", api=target.api, environment=target.environment)
    return [msgspec.convert(item, KeptLog) for item in found]


def _nothing(target: Target, wanted: Wanted) -> NotFoundError:
    if wanted.deployment is not None:
        return NotFoundError(
            f"No node of {wanted.deployment} runs, and no log of it was kept.",
            hint="Kept is what nodes that failed printed last; `penstock history --journal` "
            "has every deployment and node.",
        )
    if wanted.node is not None:
        return NotFoundError("There is no such node.", hint="`penstock status` shows every node.")
    return NotFoundError(
        f"{target.name} has no nodes, and none of it has failed.",
        hint="`penstock deploy` or `penstock start` starts some.",
    )


def _shortened(reason: str) -> str:
    return reason if len(reason) <= _SHOWN else f"{reason[:_SHOWN]}…"


def _all(
    manager: Manager, nodes: list[str], *, tail: int, follow: bool
) -> Iterator[tuple[str, str]]:
    """Yield the lines of one node after the other, or while they follow, as they come."""
    if follow:
        yield from _as_they_come(manager, nodes, tail)
        return
    for node in nodes:
        for line in _lines(manager, node, tail=tail, follow=False):
            yield node, line


def _as_they_come(manager: Manager, nodes: list[str], tail: int) -> Iterator[tuple[str, str]]:
    lines: queue.Queue[tuple[str, str] | None] = queue.Queue(maxsize=1000)

    def read(node: str) -> None:
        try:
            for line in _lines(manager, node, tail=tail, follow=True):
                lines.put((node, line))
        except PenstockError as error:
            lines.put((node, f"({error.detail})"))
        lines.put(None)

    for node in nodes:
        threading.Thread(target=read, args=(node,), daemon=True).start()
    ended = 0
    while ended < len(nodes):
        found = lines.get()
        if found is None:
            ended += 1
        else:
            yield found


def _lines(manager: Manager, node: str, *, tail: int, follow: bool) -> Iterator[str]:
    path = f"/nodes/{node}/logs"
    wanted = "true" if follow else "false"
    try:
        with manager.stream(path, tail=tail, follow=wanted) as response:
            yield from response.iter_lines()
    except ManagerUnreachableError:
        if not follow:
            raise
