"""An artifact's folder → a node that its manager and its gateway can rely on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from penstock.errors import ManagerUnreachableError
from penstock.events import Event, Observer, Started, Stopping
from penstock.link.client import ManagerClient, ask_refresh
from penstock.link.keeper import SnapshotKeeper
from penstock.node.http import Ending, GracefulServer
from penstock.node.identity import Link, read_source, take_link
from penstock.node.keys import KeySource
from penstock.node.listening import Binding, SocketFile, listening
from penstock.node.logs import Log
from penstock.node.memory import FileCounts, ForgivingCounts
from penstock.node.metering import metering
from penstock.node.metrics import Figure, Metrics
from penstock.node.node import Node
from penstock.node.protocol import Draining
from penstock.node.serving import Serving, open_serving
from penstock.node.standby import Standby
from penstock.node.verify import verify_artifact
from penstock.node.warming import warming
from penstock.project.load import load_project
from penstock.project.types import Project
from penstock.usage.event import Source
from penstock.usage.spool import FOLDER

_OURS: Final = "PENSTOCK_"
COUNTS: Final = "counts.json"
"""The file of a node's own folder with the numbers of rows that it has counted."""
_NOTICE: Final = 0.5  # seconds: what is on its way when a node is stopped is answered too


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """`state` is this node's own folder; keys come from `home` where there is no manager.

    `spool` is where usage waits, in `state` unless it is given.
    """

    folder: Path
    listen: Binding | SocketFile
    state: Path
    home: Path
    spool: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backing:
    """What a node leans on, by way of its manager or of its own state file."""

    keys: KeySource
    counts: ForgivingCounts
    meter: Observer | None = None
    figures: Callable[[], Iterable[Figure]] = tuple
    warnings: Callable[[], Mapping[str, str]] = dict
    introduce: Callable[[Node], None] = lambda _: None


def run_deployed(settings: NodeSettings, environment: MutableMapping[str, str]) -> None:
    """Serve until told to stop.

    Raises ArtifactError, ProjectError, ConfigurationError, ConflictError, StateError; not for a
    database that cannot be reached: that is tried again, and `/readyz` tells.
    """
    link = take_link(environment)
    manifest = verify_artifact(settings.folder)
    project = load_project(settings.folder, _for_project(environment))
    source = read_source(environment)
    if not source.version and manifest is not None:
        source = msgspec.structs.replace(source, version=manifest.version)
    metrics = Metrics(_labels(project, source))
    with (
        listening(settings.listen) as (listener, address),
        _logging(metrics) as observe,
        _backing(settings, link, source, observe) as backing,
    ):
        metrics.gauges = backing.figures
        standby = Standby(metrics, observe, Draining(), backing.warnings)
        server = GracefulServer(
            standby,
            standby.draining,
            # What runs when we are told to stop may finish: no query runs for longer.
            Ending(notice=_NOTICE, patience=project.serving.timeout),
        )
        observe(Started(address=address, project=project.name, digest=project.digest))
        opening = partial(_open, backing, observe)
        with warming(project, standby, opening, partial(_node, standby, backing)):
            server.run(sockets=[listener])
        observe(Stopping(project=project.name))


def _open(backing: Backing, observe: Observer, project: Project) -> Serving:
    return open_serving(project, backing.keys.ring, backing.counts, observe)


def _node(standby: Standby, backing: Backing, serving: Serving) -> Node:
    node = Node(
        serving,
        standby.metrics,
        standby.observe,
        backing.keys,
        backing.counts,
        draining=standby.draining,
        more_figures=backing.figures,
        warnings=backing.warnings,
    )
    if backing.meter is not None:
        node.meter = backing.meter
    backing.introduce(node)
    return node


def _for_project(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what a project may name as `${…}`: what the manager tells the node is not for it."""
    return {name: value for name, value in environment.items() if not name.startswith(_OURS)}


def _labels(project: Project, source: Source) -> dict[str, str]:
    return {
        "project": project.name,
        "version": source.version,
        "deployment": source.deployment,
        "colour": source.colour,
        "node": source.node,
    }


@contextmanager
def _logging(metrics: Metrics) -> Iterator[Observer]:
    log = Log()

    def observe(event: Event) -> None:
        log(event)
        metrics(event)

    try:
        yield observe
    finally:
        log.close()


@contextmanager
def _backing(
    settings: NodeSettings, link: Link | None, source: Source, observe: Observer
) -> Iterator[Backing]:
    if link is None:
        with _own_keys(settings.home, observe) as backing:
            yield backing
    else:
        with _managed(settings, link, source, observe) as backing:
            yield backing


@contextmanager
def _own_keys(home: Path, observe: Observer) -> Iterator[Backing]:
    # A node that has a manager never opens this, and would start a third of a second later.
    from penstock.store.counts import CountRepository  # noqa: PLC0415 see above
    from penstock.store.database import open_database  # noqa: PLC0415 see above
    from penstock.store.keys import KeyRepository  # noqa: PLC0415 see above
    from penstock.store.watch import KeyWatcher  # noqa: PLC0415 see above

    with open_database(home) as database:
        watcher = KeyWatcher(KeyRepository(database), notice=observe)
        watcher.start()
        try:
            yield Backing(keys=watcher, counts=ForgivingCounts(CountRepository(database)))
        finally:
            watcher.stop()


@contextmanager
def _managed(
    settings: NodeSettings, link: Link, source: Source, observe: Observer
) -> Iterator[Backing]:
    state = settings.state
    spool = settings.spool or state / FOLDER
    keeper = SnapshotKeeper(link.client, link.post(source, state), notice=observe)

    def introduce(node: Node) -> None:
        node.fellows = _ManagedFellows(keeper, link.client)
        node.refreshed = keeper.refresh_at_first
        keeper.adopt = node.take_limits
        node.take_limits(keeper.limits)

    counts = ForgivingCounts(FileCounts(state / COUNTS))
    with metering(link.client, source, spool, observe) as used:
        keeper.start()
        try:
            yield Backing(
                keys=keeper,
                counts=counts,
                meter=used.meter,
                figures=lambda: [*used.figures(), *_link_figures(keeper)],
                warnings=lambda: {**used.warnings(), **_link_warnings(keeper)},
                introduce=introduce,
            )
        finally:
            keeper.stop()


@dataclass(frozen=True, slots=True)
class _ManagedFellows:
    """Told by way of the manager."""

    keeper: SnapshotKeeper
    client: ManagerClient

    def asked(self) -> int:
        return self.keeper.refresh

    def ask(self) -> int | None:
        try:
            with self.client.open() as client:
                return ask_refresh(client)
        except ManagerUnreachableError:
            return None


def _link_figures(keeper: SnapshotKeeper) -> list[Figure]:
    return [
        ("snapshot_sequence", "Which of the manager's snapshots is in force.", keeper.sequence),
        ("manager_silence_seconds", "Since the manager last answered.", keeper.silence),
    ]


def _link_warnings(keeper: SnapshotKeeper) -> dict[str, str]:
    return {} if keeper.warning is None else {"manager": keeper.warning}
