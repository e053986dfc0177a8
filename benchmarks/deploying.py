"""How long it takes to build, to deploy and to go back, and what the manager needs meanwhile."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from benchmarks.effort import Effort
from benchmarks.environments import installed
from benchmarks.listing import measure_lists
from benchmarks.places import REPOSITORY
from benchmarks.report import Result
from benchmarks.stacks import Site, flights_project, standing

BUILD_SECONDS = 5.0
LIVE_SECONDS = 3.0
BACK_SECONDS = 1.0
MANAGER_MB = 120
_BUILD_TIMEOUT = 300
_REST = 2.0  # seconds of nothing, before the memory is looked at


def measure_deploying(effort: Effort) -> Sequence[Result]:
    """Measure commands as they are typed, from their start to their end."""
    results = [*measure_builds()]
    with standing() as site:
        rest = _memory(site)
        results += measure_times(site, effort, "process nodes", LIVE_SECONDS)
        results += [
            _memory_result("at rest, nothing deployed yet", rest),
            _memory_result("at rest, after deployments and builds", _memory(site)),
        ]
    return [*results, *measure_lists(effort)]


def measure_builds() -> Sequence[Result]:
    """Build the flights twice, the second time from a copy of other times and another place."""
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as temporary:
        folder = Path(temporary)
        environment = {**os.environ, "PENSTOCK_HOME": str(folder / "home")}
        first, first_digest = _build(flights_project(folder / "one" / "flights"), environment)
        second, second_digest = _build(flights_project(folder / "two" / "flights"), environment)
    same = first_digest == second_digest
    return [
        Result(
            what="build of the flights project, of two copies",
            target=f"≤ {BUILD_SECONDS:g} s, the same digest",
            measured=f"{second:.1f} s, {'the same digest' if same else 'ANOTHER digest'}",
            reached=second <= BUILD_SECONDS and same,
            basis=f"{first:.1f} s for the first, which also makes the layers below it; "
            f"{second_digest[:19]}…",
        )
    ]


def measure_times(site: Site, effort: Effort, where: str, live_within: float) -> Sequence[Result]:
    """Switch between two versions that are built, and go back, with one node."""
    first = site.deploy("one")
    site.deploy("two")
    deployed, back = list[float](), list[float]()
    for _ in range(effort.rounds):
        deployed.append(site.deploy("one"))
        back.append(site.run("rollback"))
    return [
        Result(
            what=f"`penstock deploy` to live, already built: {where}",
            target=f"≤ {live_within:g} s",
            measured=f"{statistics.median(deployed):.1f} s",
            reached=statistics.median(deployed) <= live_within,
            basis=f"the whole command, {_listed(deployed)}; {first:.1f} s with the first build",
        ),
        Result(
            what=f"`penstock rollback` while warm: {where}",
            target=f"≤ {BACK_SECONDS:g} s",
            measured=f"{statistics.median(back):.2f} s",
            reached=statistics.median(back) <= BACK_SECONDS,
            basis=f"the whole command, {_listed(back)}",
        ),
    ]


def _listed(seconds: Sequence[float]) -> str:
    return "median of " + ", ".join(f"{one:.2f}" for one in seconds) + " s"


def _build(project: Path, environment: Mapping[str, str]) -> tuple[float, str]:
    command = [installed().program("python"), "-m", "penstock", "build", str(project), "--json"]
    begun = time.perf_counter()
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=_BUILD_TIMEOUT,
        check=False,
        env={**environment, "PYTHONPATH": str(REPOSITORY / "src")},
    )
    took = time.perf_counter() - begun
    if done.returncode:
        raise RuntimeError(f"penstock build failed: {done.stderr[-1000:]}")
    return took, str(json.loads(done.stdout)["digest"])


def _memory(site: Site) -> float:
    """Return the resident memory of the manager's process in MB, once it has come to rest."""
    time.sleep(_REST)
    return psutil.Process(site.stack.manager_pid).memory_info().rss / 2**20


def _memory_result(when: str, megabytes: float) -> Result:
    return Result(
        what=f"the manager's memory {when}",
        target=f"< {MANAGER_MB} MB",
        measured=f"{megabytes:.0f} MB",
        reached=megabytes < MANAGER_MB,
        basis="resident, of its process",
    )
