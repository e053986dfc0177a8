"""`penstock logs`: what the nodes of an API print."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Iterator
from typing import Annotated

import typer

from penstock.cli.home import DEFAULT_HOME, Home
from penstock.cli.place import PRODUCTION, ApiArgument, EnvironmentOption, find_target
from penstock.cli.remote import Manager, open_manager
from penstock.cli.waiting import read_status
from penstock.errors import ManagerUnreachableError, NotFoundError, PenstockError


def logs(  # noqa: PLR0913 each is an option of the command
    api: ApiArgument = None,
    *,
    node: Annotated[str | None, typer.Option(help="One node only, by its id.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as they print.")] = False,
    tail: Annotated[int, typer.Option(min=0, help="How many lines of each node.")] = 50,
    environment: EnvironmentOption = PRODUCTION,
    home: Home = DEFAULT_HOME,
) -> None:
    """Print what an API's nodes print: a line of JSON for each request, and what they notice.

    Example: penstock logs flights -f
    """
    with open_manager(home) as manager:
        target = find_target(manager, api, environment)
        nodes = [n.id for n in read_status(manager, target).nodes if node in (None, n.id)]
        if not nodes:
            raise NotFoundError(
                "There is no such node." if node else f"{target.name} has no nodes.",
                hint="`penstock status` shows every node.",
            )
        try:
            for name, line in _all(manager, nodes, tail=tail, follow=follow):
                prefix = f"{name} | " if len(nodes) > 1 else ""
                sys.stdout.write(f"{prefix}{line}\n")
                sys.stdout.flush()
        except KeyboardInterrupt:
            return
        except BrokenPipeError:
            sys.stderr.close()


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
