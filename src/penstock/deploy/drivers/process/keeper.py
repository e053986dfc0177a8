"""Starts one node, bounds its log, waits for its end and writes that down. Run as a program.

It is what outlives the manager: without it nobody would learn how a node ended while the manager
was away, nor would its log stay small. The node itself writes to its log directly: should the
keeper be killed, the node goes on. What to start comes by standard input, since command lines and
environments of processes can be read by others. Only the standard library: it has to be small.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

LOOK_EVERY = 0.5  # seconds between looks at the log's size
FILES = 65_536  # open files at most: a socket for each caller


class Order(TypedDict):
    """`cgroups` are files that take the id of a process; `data` bounds its memory, in bytes."""

    folder: str
    command: list[str]
    environment: dict[str, str]
    cgroups: list[str]
    data: int | None
    log: int


def main() -> None:
    """Return once the node runs, and exit with 1 and a sentence where it does not."""
    order: Order = json.load(sys.stdin)
    said, saying = os.pipe()
    if os.fork():
        os.close(saying)
        with os.fdopen(said) as news:
            problem = news.read()
        if problem:
            sys.exit(problem)
        return
    os.close(said)
    os.setsid()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})  # `watch` waits for it
    keep(order, saying)


def keep(order: Order, saying: int) -> None:
    folder = Path(order["folder"])
    with (folder / "lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # another keeper has it: started twice at once
        try:
            node = start(order, folder)
        except (OSError, subprocess.SubprocessError) as error:
            os.write(saying, f"{order['command'][0]}: {error}".encode())
            return
        os.close(saying)
        for stream in (0, 1, 2):
            os.dup2(os.open(os.devnull, os.O_RDWR), stream)
        end = {"code": watch(node, folder / "log", order["log"]), "time": time.time()}
        write(folder / "end.json", end)


def start(order: Order, folder: Path) -> subprocess.Popen[bytes]:
    def enter() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        for procs in order["cgroups"]:
            Path(procs).write_text("0")  # 0 is whoever writes
        limit(resource.RLIMIT_CORE, 0)  # a core dump would hold secrets
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        limit(resource.RLIMIT_NOFILE, FILES if hard == resource.RLIM_INFINITY else hard)
        if order["data"]:
            limit(resource.RLIMIT_DATA, order["data"])

    with (folder / "log").open("ab") as log:
        os.fchmod(log.fileno(), 0o600)
        node = subprocess.Popen(  # noqa: S603 the command is the manager's
            order["command"],
            cwd=folder / "state",
            env=order["environment"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=enter,  # noqa: PLW1509 there are no threads here
            start_new_session=True,
        )
    identity = {"pid": node.pid, "birth": birth(node.pid), "time": time.time()}
    write(folder / "run.json", {**identity, "keeper": os.getpid(), "keeper_birth": birth("self")})
    return node


def limit(what: int, most: int) -> None:
    hard = resource.getrlimit(what)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (most, most))


def birth(pid: int | str) -> str:
    """Return what no other process ever had together with this id, "" where there is no /proc.

    Ticks since the machine started, unlike a time of day, stay the same when the clock is set.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    return f"{boot} {stat.rpartition(b')')[2].split()[19].decode()}"


def watch(node: subprocess.Popen[bytes], log: Path, bound: int) -> int:
    """Return the exit code, 128 + the signal's number where a signal ended it."""
    while os.waitid(os.P_PID, node.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        with contextlib.suppress(OSError):  # a full disk; the next look may find room
            if log.stat().st_size > bound:
                rotate(log)
        signal.sigtimedwait({signal.SIGCHLD}, LOOK_EVERY)
    end_session(node.pid)
    code = node.wait()
    return code if code >= 0 else 128 - code


def end_session(leader: int) -> None:
    """End what a node left behind, before its end is taken and its id can be used again."""
    with contextlib.suppress(OSError):
        os.killpg(leader, signal.SIGKILL)
    for pid in (int(path.name) for path in Path("/proc").glob("[0-9]*")):
        with contextlib.suppress(OSError):
            if pid != leader and os.getsid(pid) == leader:
                os.kill(pid, signal.SIGKILL)


def rotate(log: Path) -> None:
    """Copy the log aside and empty it: the node's file stays the one it has open.

    A line that is written between the two is lost; that is what writing to a file directly costs.
    """
    fresh = log.with_suffix(".part")
    with log.open("rb+") as source, fresh.open("wb") as target:
        os.fchmod(target.fileno(), 0o600)
        shutil.copyfileobj(source, target, 1 << 20)
        fresh.replace(log.with_suffix(".1"))
        source.truncate(0)


def write(path: Path, content: Mapping[str, object]) -> None:
    """Whoever reads it finds all of it or nothing."""
    fresh = path.with_suffix(".part")
    fresh.write_text(json.dumps(content))
    fresh.chmod(0o600)
    fresh.replace(path)


if __name__ == "__main__":
    main()
