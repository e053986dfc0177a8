"""What Kubernetes changes on a machine, and how it was before."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_SETTINGS = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
    "net/ipv4/conf/all/route_localnet",
    "net/bridge/bridge-nf-call-iptables",
    "net/bridge/bridge-nf-call-ip6tables",
    "net/netfilter/nf_conntrack_max",
    "net/netfilter/nf_conntrack_tcp_timeout_established",
    "net/netfilter/nf_conntrack_tcp_timeout_close_wait",
)
# Where its programs write whatever they are told.
_FOLDERS = tuple(
    map(
        Path,
        (
            "/var/lib/kubelet",
            "/var/lib/dockershim",
            "/var/log/pods",
            "/var/log/containers",
            "/usr/libexec/kubernetes",
            "/var/lib/kube-proxy",
        ),
    )
)
_GROUPS = Path("/sys/fs/cgroup")
_GROUP = "pst-kubernetes"
_TABLES = {"iptables": ("nat", "filter", "mangle"), "ip6tables": ("nat", "filter", "mangle")}
_CHAIN = re.compile(r"-A (\S+) (.*)")


@contextmanager
def untouched() -> Iterator[None]:
    """Put everything back afterwards; what stood there before stays as it was."""
    with ExitStack() as after:
        for setting in _SETTINGS:
            place = Path("/proc/sys") / setting
            if place.exists():
                after.callback(_set, place, place.read_text())
        for folder in _FOLDERS:
            before = set(folder.iterdir()) if folder.exists() else None
            after.callback(_empty, folder, before)
        after.callback(remove_chains)
        yield


@contextmanager
def control_group() -> Iterator[str]:
    """A group of our own for pods, in each hierarchy; yields its name."""
    _remove_groups()
    for hierarchy in _hierarchies():
        (hierarchy / _GROUP).mkdir(exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):  # empty ones take no process
            if (hierarchy / name).exists():
                (hierarchy / _GROUP / name).write_text((hierarchy / name).read_text())
    try:
        yield f"/{_GROUP}"
    finally:
        _remove_groups()


@contextmanager
def mounts_of(folder: Path) -> Iterator[Path]:
    """A folder in which pods' volumes are mounted: afterwards none is."""
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        ours = (one for one in mounts if one == str(folder) or one.startswith(f"{folder}/"))
        for place in sorted(ours, reverse=True):
            subprocess.run(["umount", "--lazy", place], check=False, capture_output=True)


@contextmanager
def route(addresses: str, device: str) -> Iterator[None]:
    """Keep addresses of Services that are not known yet on this machine: nobody answers there."""
    change = ["ip", "route", "replace", addresses, "dev", device]
    subprocess.run(change, check=True, capture_output=True)
    try:
        yield
    finally:
        change[2] = "delete"
        subprocess.run(change, check=False, capture_output=True)


def remove_chains() -> None:
    """Remove what is named KUBE- from the kernel's tables, and nothing else."""
    for command, tables in _TABLES.items():
        for table in tables:
            _remove_from(command, table)


def _remove_from(command: str, table: str) -> None:
    saved = _run(f"{command}-save", "-t", table).splitlines()
    for line in saved:
        rule = _CHAIN.fullmatch(line)
        if rule and "KUBE-" in rule[2] and not rule[1].startswith("KUBE-"):
            subprocess.run(
                ["sh", "-c", f"{command} -w -t {table} -D {rule[1]} {rule[2]}"],
                check=False,
                capture_output=True,
            )
    chains = [line[1:].split()[0] for line in saved if line.startswith(":KUBE-")]
    for option in ("-F", "-X"):
        for chain in chains:
            _run(command, "-w", "-t", table, option, chain)


def _run(*command: str) -> str:
    if not shutil.which(command[0]):
        return ""
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.stdout


def _set(place: Path, value: str) -> None:
    if place.read_text() != value:
        place.write_text(value)


def _empty(folder: Path, before: set[Path] | None) -> None:
    if not folder.exists():
        return
    for entry in folder.iterdir():
        if entry not in (before or ()):
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    if before is None:
        folder.rmdir()


def _hierarchies() -> list[Path]:
    if (_GROUPS / "cgroup.controllers").exists():
        return [_GROUPS]
    return [place for place in _GROUPS.iterdir() if (place / "cgroup.procs").exists()]


def _remove_groups() -> None:
    """Processes that were killed a moment ago still hold theirs."""
    deadline = time.monotonic() + 10
    while (left := _groups()) and time.monotonic() < deadline:
        for group in sorted(left, key=lambda place: len(place.parts), reverse=True):
            with contextlib.suppress(OSError):
                group.rmdir()
        time.sleep(0.1)


def _groups() -> list[Path]:
    roots = [place / _GROUP for place in _hierarchies() if (place / _GROUP).exists()]
    return [*roots, *(path for root in roots for path in root.rglob("*") if path.is_dir())]
