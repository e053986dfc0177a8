"""A project → a node that serves it, as soon as its databases and its probes allow."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic
from typing import Final

from penstock.engine.load import open_engine
from penstock.errors import PenstockError
from penstock.events import Ready, Unready
from penstock.node.app import create_app
from penstock.node.node import Node
from penstock.node.recount import recounting
from penstock.node.serving import Serving
from penstock.node.standby import Standby
from penstock.project.types import Connector, Project, ProjectError

_SHORTEST, _LONGEST = 0.2, 5.0  # seconds between two attempts
_JOIN_SECONDS: Final = 5.0


class _NotFitError(Exception):
    """What keeps a project from being served, by name."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(str(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Warming:
    """`open` opens the project, `make` makes the node of it."""

    project: Project
    standby: Standby
    open: Callable[[Project], Serving]
    make: Callable[[Serving], Node]

    def run(self, stop: threading.Event) -> None:
        """Try until it serves, then count its tables when that is due."""
        began, failures = monotonic(), 0
        while not stop.is_set():
            try:
                serving = self._serving()
            except _NotFitError as error:
                self._tell(error.problems)
                failures += 1
                stop.wait(min(_LONGEST, _SHORTEST * 2.0 ** min(failures, 10)))
                continue
            node = self.make(serving)
            try:
                # What serves from now on is no garbage: looking through it would stop all answers
                # for a tenth of a second now and then.
                gc.freeze()
                self.standby.app = create_app(node)
                self.standby.observe(Ready(seconds=round(monotonic() - began, 3)))
                with recounting(node):
                    stop.wait()
            finally:
                gc.unfreeze()
                node.close()
            return

    def _serving(self) -> Serving:
        """Return the project with every database reached and every probe passed."""
        try:
            serving = self.open(self.project)
        except PenstockError as error:
            raise _NotFitError(_causes(self.project, error)) from error
        problems = _unreached(serving) or serving.failed_probes()
        if problems:
            serving.close()
            raise _NotFitError(problems)
        return serving

    def _tell(self, problems: Mapping[str, str]) -> None:
        if dict(self.standby.problems) != dict(problems):
            self.standby.problems = problems
            self.standby.observe(Unready(problems=problems))


@contextmanager
def warming(
    project: Project,
    standby: Standby,
    open_: Callable[[Project], Serving],
    make: Callable[[Serving], Node],
) -> Iterator[None]:
    """Warm the node up in a thread, while `standby` tells what is missing."""
    stop = threading.Event()
    work = Warming(project, standby, open_, make)
    thread = threading.Thread(target=work.run, args=(stop,), name="penstock-warming", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(_JOIN_SECONDS)


def _causes(project: Project, error: PenstockError) -> dict[str, str]:
    """Name the databases that cannot be reached, else what is wrong with the project."""
    if isinstance(error, ProjectError):
        return {f"{i.file}:{i.line}": i.message for i in error.issues}
    found = {name: _attempt(connector) for name, connector in project.connectors.items()}
    named = {name: said for name, said in found.items() if said is not None}
    return named or {"project": error.detail}


def _attempt(connector: Connector) -> str | None:
    try:
        engine = open_engine(connector.engine, connector.settings)
    except PenstockError as error:
        return error.detail
    try:
        engine.ping()
    except PenstockError as error:
        return error.detail
    finally:
        with suppress(PenstockError):
            engine.close()
    return None


def _unreached(serving: Serving) -> dict[str, str]:
    problems = {}
    for name, engine in serving.engines.items():
        try:
            engine.ping()
        except PenstockError as error:
            problems[name] = error.detail
    return problems
