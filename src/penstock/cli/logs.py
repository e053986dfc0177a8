"""`penstock logs`: what the nodes of an API print, or printed before they failed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Annotated, Final

import msgspec
import typer

from penstock.cli.completing import offer
from penstock.cli.following import Following, Wanted
from penstock.cli.home import DEFAULT_HOME, Home
from penstock.cli.place import PRODUCTION, ApiArgument, EnvironmentOption, Target, find_target, text
from penstock.cli.remote import Manager, open_manager, part
from penstock.cli.waiting import read_status
from penstock.errors import NotFoundError
from penstock.store.desk import KeptLog

_SHOWN: Final = 200  # characters of a reason: the log below it says all


@dataclass(frozen=True, slots=True)
class _Found:
    """The nodes that run, and those that are gone and whose logs were kept, oldest first."""

    running: list[str]
    gone: list[str] = field(default_factory=list)

    @property
    def nodes(self) -> list[str]:
        return [*self.running, *self.gone]


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
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on as they print, and as nodes come.")
    ] = False,
    tail: Annotated[int, typer.Option(min=0, help="How many lines of each node.")] = 50,
    environment: EnvironmentOption = PRODUCTION,
    home: Home = DEFAULT_HOME,
) -> None:
    """Print what an API's nodes print: a line of JSON for each request, and what they notice.

    Where none runs: what the nodes of the last deployment that failed had printed.

    Example: penstock logs flights -f
    """
    wanted = Wanted(node, deployment)
    with open_manager(home) as manager:
        target = find_target(manager, api, environment)
        found = _find_nodes(manager, target, wanted, follow=follow)
        following = Following(manager, target, wanted, tail, _remark)
        told = _told(manager, found.gone if follow else found.nodes, tail)
        try:
            with closing(following.lines()) as coming:
                _print(found, chain(told, coming) if follow else told)
        except KeyboardInterrupt:
            return
        except BrokenPipeError:
            sys.stderr.close()


def _print(found: _Found, lines: Iterable[tuple[str, str]]) -> None:
    """Print the lines, each with its node once there are several."""
    known = set(found.nodes)
    for node, line in lines:
        known.add(node)
        prefix = f"{node} | " if len(known) > 1 else ""
        sys.stdout.write(f"{prefix}{line}\n")
        sys.stdout.flush()


def _find_nodes(manager: Manager, target: Target, wanted: Wanted, *, follow: bool) -> _Found:
    """Return the nodes that run, and those whose logs were kept where such are wanted."""
    status = read_status(manager, target)
    running = wanted.running(status)
    if running and wanted.deployment is None:
        return _Found(running)
    kept = [
        log
        for log in read_kept(manager, target)
        if log.node not in running and wanted.fits(log.node, log.deployment)
    ]
    if not running and not kept and not (follow and wanted.may_come(status.rollout)):
        raise _nothing(target, wanted)
    if kept and not running and wanted == Wanted(None, None):
        kept = [log for log in kept if log.deployment == kept[0].deployment]
    for log in kept:
        _remark(f"{log.node} of {log.deployment} is gone: {_shortened(log.reason)}")
    return _Found(running, [log.node for log in reversed(kept)])


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


def _told(manager: Manager, nodes: list[str], tail: int) -> Iterator[tuple[str, str]]:
    """Yield the last lines of one node after the other."""
    for node in nodes:
        with manager.stream(f"/nodes/{part(node)}/logs", tail=tail, follow="false") as response:
            for line in response.iter_lines():
                yield node, line


def _remark(said: str) -> None:
    typer.echo(said, err=True)
