"""Processes that may not be ours any more: known by id and birth, never by id alone."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator

import psutil

from penstock.deploy.drivers.process.folder import Run
from penstock.deploy.drivers.process.keeper import birth
from penstock.deploy.types import NodeStats

# Where there is no /proc the birth is a time of day, and the keeper looks a moment later.
_SAME_MOMENT = 2.0


def lives(run: Run | None) -> bool:
    """Say whether the node that was started then still runs."""
    return run is not None and _lives(run.pid, run.birth, run.time)


def keeper_lives(run: Run | None) -> bool:
    return run is not None and _lives(run.keeper, run.keeper_birth, run.time)


def terminate(run: Run) -> None:
    """Ask a node to end; one that was suspended has to go on to hear it."""
    with contextlib.suppress(ProcessLookupError):
        if lives(run):
            os.kill(run.pid, signal.SIGTERM)
            os.kill(run.pid, signal.SIGCONT)


def kill_session(run: Run) -> None:
    """End a node that lives, and all that it started: the session is its own.

    Of one that ended by itself the keeper has done this.
    """
    for process in _session(run.pid) if lives(run) else ():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process, signal.SIGKILL)


def measure(run: Run) -> NodeStats | None:
    """Add up a node and its children; those that ended already count for the CPU."""
    try:
        node = psutil.Process(run.pid)
        family = [node, *node.children(recursive=True)]
        ended = node.cpu_times()
        cpu = ended.children_user + ended.children_system
        memory = 0
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                times = member.cpu_times()
                cpu += times.user + times.system
                memory += member.memory_info().rss
    except psutil.Error:
        return None
    return NodeStats(cpu=cpu, memory=memory) if lives(run) else None


def reap(run: Run | None) -> None:
    """Take the end of a keeper, where it became ours: of process 1 in a container, say."""
    with contextlib.suppress(psutil.Error, ChildProcessError):
        if run is not None and psutil.Process(run.keeper).ppid() == os.getpid():
            os.waitpid(run.keeper, os.WNOHANG)


def _lives(pid: int, born: str, around: float) -> bool:
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        if born:
            return birth(pid) == born
        return abs(process.create_time() - around) < _SAME_MOMENT
    except psutil.Error:
        return False


def _session(leader: int) -> Iterator[int]:
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getsid(pid) == leader:
                yield pid
