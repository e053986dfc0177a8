"""A thousand APIs of three versions each: how long the manager takes to list them over REST."""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from benchmarks.effort import Effort
from benchmarks.report import Result
from benchmarks.stacks import in_words
from penstock.store import apis, projects, versions
from penstock.store.database import open_state
from penstock.store.unit import LOCAL, working
from support.stack import Stack, free_port

APIS, VERSIONS = 1000, 3
PER_PROJECT = 100
TARGET_MS = 100.0
LONGEST_PAGE = 1000


def measure_lists(effort: Effort) -> Sequence[Result]:
    """Ask a manager that has nothing else to do, over one kept connection."""
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as temporary:
        folder = Path(temporary)
        home = folder / "home"
        _fill(home)
        stack = Stack(home, folder, free_port(), free_port())
        try:
            with in_words():
                stack.up()
            return _measure_all(stack, effort)
        finally:
            stack.run("down", check=False)


def _fill(home: Path) -> None:
    """Write what people would have made one by one."""
    home.mkdir(mode=0o700)
    now = time.time()
    with open_state(home, os.environ) as database:
        for first in range(0, APIS, PER_PROJECT):
            with working(database, LOCAL, now) as work:
                project = projects.create(work, f"project{first}", f"Project {first}")
                for number in range(first, first + PER_PROJECT):
                    api = apis.create(work, project.id, f"api{number}", f"API {number}")
                    for version in range(VERSIONS):
                        versions.create(work, api.id, f"v{version + 1}")


def _measure_all(stack: Stack, effort: Effort) -> Sequence[Result]:
    running = stack.running
    headers = {"Authorization": f"Bearer {running['token']}"}
    with httpx.Client(base_url=f"{running['address']}/api/v1", headers=headers) as client:
        return [
            _measure(client, effort, "/apis", 100, APIS),
            _measure(client, effort, "/apis", LONGEST_PAGE, APIS),
            _measure(client, effort, "/versions", LONGEST_PAGE, APIS * VERSIONS),
        ]


def _measure(client: httpx.Client, effort: Effort, path: str, limit: int, most: int) -> Result:
    """Take the median of reading all pages, and of the slowest page of each time."""
    alls, slowest, size = list[float](), list[float](), 0
    for _ in range(effort.times):
        pages, found, size = list[float](), 0, 0
        cursor: str | None = None
        while not pages or cursor is not None:
            begun = time.perf_counter()
            asked = {"limit": str(limit)} | ({} if cursor is None else {"cursor": cursor})
            answer = client.get(path, params=asked)
            pages.append((time.perf_counter() - begun) * 1e3)
            if answer.status_code != httpx.codes.OK:
                raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:300]}")
            page = json.loads(answer.content)
            found, size, cursor = (
                found + len(page["items"]),
                size + len(answer.content),
                page.get("next"),
            )
        if found != most:
            raise RuntimeError(f"{path} lists {found} instead of {most}")
        alls.append(sum(pages))
        slowest.append(max(pages))
    total, page_ms = statistics.median(alls), statistics.median(slowest)
    return Result(
        what=f"{APIS:,} APIs of {VERSIONS} versions each: all of {path}, {limit} on a page",
        target=f"< {TARGET_MS:g} ms",
        measured=f"{total:.0f} ms, {page_ms:.0f} ms for a page",
        reached=total < TARGET_MS,
        basis=f"medians of {effort.times}, {most // limit or 1} pages, {size / 1e3:,.0f} kB",
    )
