"""Nodes as processes: the embedded default, which needs nothing but this machine."""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Lock

from penstock.deploy.drivers.process.alive import (
    keeper_lives,
    kill_session,
    lives,
    measure,
    reap,
    terminate,
)
from penstock.deploy.drivers.process.cgroups import Cgroups
from penstock.deploy.drivers.process.folder import NodeFolder, Written, find_folder, find_folders
from penstock.deploy.drivers.process.launch import launch
from penstock.deploy.drivers.process.logs import read_log
from penstock.deploy.drivers.settings import DriverSettings
from penstock.deploy.drivers.types import LEFT, ImagePlace, Stopped
from penstock.deploy.types import Address, NodeSpec, NodeState, NodeStats, RunningNode
from penstock.errors import DriverError, NotFoundError, StorageFullError

LEFT_OF = "spool"  # where a node keeps that, in its own folder
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_LOOK_EVERY = 0.02
# What the kernel and the keeper have left to do once a node has its SIGKILL.
_DIES_WITHIN = 5.0
_TOLD_WITHIN = 2.0


class ProcessDriver:
    """Every node has a folder in `nodes/`, and a keeper that outlives the manager."""

    name = "process"

    def __init__(self, settings: DriverSettings) -> None:
        # Absolute: a node's working folder is another one.
        self._settings = replace(settings, home=settings.home.absolute())
        self._nodes = self._settings.home / "nodes"
        self._images = self._settings.home / "images"
        parent = settings.environment.get("PENSTOCK_CGROUP")
        self._cgroups = Cgroups(parent) if parent else None
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)

    def check(self) -> None:
        for folder in (self._nodes, self._images):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise DriverError(
                    f"{folder} cannot be made: {error.strerror}",
                    hint="PENSTOCK_HOME names the folder that nodes are kept in.",
                ) from error
        if self._cgroups:
            self._cgroups.check()

    def prepare(self, image: ImagePlace) -> None:
        project = self._project(image.digest)
        with self._locks[image.digest]:
            if not project.exists():
                self._images.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._settings.tools.unpack(image, project)

    def prepared(self) -> frozenset[str]:
        if not self._images.exists():
            return frozenset()
        names = (f"sha256:{path.name}" for path in self._images.iterdir())
        return frozenset(name for name in names if _DIGEST.fullmatch(name))

    def forget(self, digest: str) -> None:
        folders = find_folders(self._nodes)
        used = (folder for folder in folders if lives(folder.run()))
        if any((written := folder.written()) and written.artifact == digest for folder in used):
            return
        project = self._project(digest)
        with self._locks[digest]:
            shutil.rmtree(project, ignore_errors=True)

    def start(self, node: NodeSpec) -> None:
        folder = find_folder(self._nodes, node.id)
        project = self._project(node.artifact)
        with self._locks[node.id]:
            if lives(folder.run()):
                return
            if not project.is_dir():
                raise DriverError(
                    f"The artifact {node.artifact[:19]}… of node {node.id} is not unpacked here",
                    hint="Deploy the version again: that prepares its artifact.",
                )
            try:
                folder.write(node, folder.socket())
            except OSError as error:
                raise StorageFullError(
                    f"The folder of node {node.id} cannot be written: {error.strerror}",
                    hint="Make room in PENSTOCK_HOME.",
                ) from error
            groups = self._cgroups.make(node.id, node.units) if self._cgroups else []
            launch(folder, node, project, self._settings, groups)

    def list(self) -> tuple[RunningNode, ...]:
        seen = ((folder, folder.written()) for folder in find_folders(self._nodes))
        return tuple(self._look(folder, written) for folder, written in seen if written)

    def address(self, node: str) -> Address | None:
        folder = find_folder(self._nodes, node)
        written = folder.written()
        if written is None or not lives(folder.run()):
            return None
        return Address(path=written.socket) if Path(written.socket).exists() else None

    def stop(self, node: str, grace: float) -> Stopped:
        folder = find_folder(self._nodes, node)
        with self._locks[node]:
            stopped = _end(folder, grace)
            self._remove(folder)
        return stopped

    def logs(self, node: str, *, tail: int | None = None, follow: bool = False) -> Iterator[bytes]:
        folder = find_folder(self._nodes, node)
        if folder.written() is None:
            raise NotFoundError(f"There is no node {node} here")
        more = (lambda: lives(folder.run())) if follow else None
        return read_log(folder.log, tail=tail, follow=more)

    def stats(self, node: str) -> NodeStats | None:
        run = find_folder(self._nodes, node).run()
        return measure(run) if run and lives(run) else None

    def close(self) -> None:
        """Nothing is held: nodes are found by their folders."""

    def _project(self, digest: str) -> Path:
        found = _DIGEST.fullmatch(digest)
        if found is None:
            raise DriverError(f"{digest!r} is not the digest of an artifact")
        return self._images / found[1]

    def _look(self, folder: NodeFolder, written: Written) -> RunningNode:
        run, end = folder.run(), folder.end()
        alive = lives(run)
        if not alive:
            reap(run)
        address = Address(path=written.socket) if Path(written.socket).exists() else None
        return RunningNode(
            id=written.id,
            deployment=written.deployment,
            colour=written.colour,
            state=_state(alive=alive, listens=address is not None),
            address=address if alive else None,
            exit_code=end.code if end and not alive else None,
            started=run.time if run else None,
        )

    def _remove(self, folder: NodeFolder) -> None:
        written = folder.written()
        if written:
            Path(written.socket).unlink(missing_ok=True)
        if self._cgroups:
            self._cgroups.remove(folder.id)
        self._keep_left(folder)
        shutil.rmtree(folder.path, ignore_errors=True)

    def _keep_left(self, folder: NodeFolder) -> None:
        """Put aside what the node still had to tell: whoever takes it removes it."""
        if not any((folder.state / LEFT_OF).glob("*")):
            return
        left = self._settings.home / LEFT / folder.id
        left.parent.mkdir(mode=0o700, exist_ok=True)
        with contextlib.suppress(OSError):  # it is there from an earlier try
            folder.state.rename(left)


def _state(*, alive: bool, listens: bool) -> NodeState:
    if not alive:
        return NodeState.EXITED
    return NodeState.RUNNING if listens else NodeState.STARTING


def _end(folder: NodeFolder, grace: float) -> Stopped:
    run = folder.run()
    if run is None:
        return Stopped(exit_code=None, killed=False)
    terminate(run)
    killed = not _wait(lambda: not lives(run), grace)
    kill_session(run)
    if not _wait(lambda: not lives(run), _DIES_WITHIN):
        raise DriverError(
            f"Node {folder.id} does not die: the kernel waits for a device",
            hint=f"Look at process {run.pid}; stop the node again later.",
        )
    # The keeper writes how it ended; where the keeper was killed, nobody knows.
    _wait(lambda: folder.end() is not None or not keeper_lives(run), _TOLD_WITHIN)
    reap(run)
    end = folder.end()
    return Stopped(exit_code=end.code if end else None, killed=killed)


def _wait(done: Callable[[], bool], within: float) -> bool:
    deadline = time.monotonic() + within
    while not done():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_LOOK_EVERY)
    return True
