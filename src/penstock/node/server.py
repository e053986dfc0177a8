"""A project folder → a node that listens, reloads and stops gracefully."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from watchfiles import watch

from penstock.errors import PenstockError
from penstock.events import Event, Observer, Reloaded, ReloadRefused, Started, Stopping
from penstock.node.app import create_app
from penstock.node.http import Ending, GracefulServer
from penstock.node.listening import Binding, listen, name_listener
from penstock.node.logs import Log
from penstock.node.metrics import Metrics
from penstock.node.node import Node
from penstock.node.recount import recounting
from penstock.node.serving import open_serving
from penstock.project.load import load_project
from penstock.project.types import Project, ProjectError
from penstock.store.counts import CountRepository
from penstock.store.database import open_database
from penstock.store.keys import KeyRepository
from penstock.store.watch import KeyWatcher

_READ = frozenset({"", ".yaml", ".yml", ".sql"})  # a folder that was renamed has no suffix
_IGNORED = frozenset({".git", ".penstock", "__pycache__", ".venv"})


def run_node(folder: Path, home: Path, binding: Binding, *, reload: bool) -> None:
    """Serve until told to stop. Raises ProjectError, UnavailableError, ConfigurationError."""
    project = load_project(folder, os.environ)
    with listen(binding) as listener, _open_node(project, home) as (node, observe):
        # What runs when we are told to stop may finish: no query runs for longer.
        ending = Ending(patience=project.serving.timeout)
        server = GracefulServer(create_app(node), node.draining, ending)
        observe(
            Started(address=name_listener(listener), project=project.name, digest=project.digest)
        )
        following = _reloading(node, project, observe) if reload else _nothing()
        with recounting(node), following:
            server.run(sockets=[listener])
        observe(Stopping(project=project.name))


@contextmanager
def _open_node(project: Project, home: Path) -> Iterator[tuple[Node, Observer]]:
    log, metrics = Log(), Metrics()

    def observe(event: Event) -> None:
        log(event)
        metrics(event)

    database = open_database(home)
    watcher = KeyWatcher(KeyRepository(database), notice=observe)
    watcher.start()
    try:
        counts = CountRepository(database)
        serving = open_serving(project, watcher.ring, counts, observe)
        node = Node(serving, metrics, observe, watcher, counts)
        try:
            yield node, observe
        finally:
            node.close()
    finally:
        watcher.stop()
        database.close()
        log.close()


@contextmanager
def _nothing() -> Iterator[None]:
    yield


@contextmanager
def _reloading(node: Node, project: Project, observe: Observer) -> Iterator[None]:
    """Follow the folder in a thread: what is wrong is noticed, and what was right stays."""
    stop = threading.Event()
    thread = threading.Thread(
        target=_follow, args=(node, project, observe, stop), name="penstock-reload", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=5)


def _follow(node: Node, project: Project, observe: Observer, stop: threading.Event) -> None:
    digest = project.digest
    for _ in watch(project.root, watch_filter=matters, stop_event=stop, raise_interrupt=False):
        try:
            changed = load_project(project.root, os.environ)
            if changed.digest == digest:
                continue
            node.replace(open_serving(changed, node.keys, node.counts, observe))
        except ProjectError as error:
            issues = tuple(f"{i.file}:{i.line}:{i.column}: {i.message}" for i in error.issues)
            observe(ReloadRefused(issues=issues))
        except PenstockError as error:
            observe(ReloadRefused(issues=(error.detail,)))
        else:
            digest = changed.digest
            observe(Reloaded(project=changed.name, digest=digest))


def matters(_: object, path: str) -> bool:
    """Whether a project may be another one now: a log or a table beside it changes all the time."""
    changed = Path(path)
    return changed.suffix in _READ and not _IGNORED.intersection(changed.parts)
