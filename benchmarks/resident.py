"""How much memory a server and its children hold, from /proc: now, and at most since asked."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

PROC = Path("/proc")
FORGET_PEAK = "5"


def measure_added(pid: int, work: Callable[[], object]) -> float | None:
    """Return by how many MB `work` made a server grow at its peak; None where there is no /proc."""
    if not PROC.is_dir():
        return None
    for process in _family(pid):
        (PROC / str(process) / "clear_refs").write_text(FORGET_PEAK)
    before = _total(pid, "VmRSS")
    work()
    return (_total(pid, "VmHWM") - before) / 1024


def _total(pid: int, what: str) -> int:
    """Add up one line of /proc/…/status, in kB, over a process and its descendants."""
    total = 0
    for process in _family(pid):
        with contextlib.suppress(FileNotFoundError):
            status = (PROC / str(process) / "status").read_text()
            total += sum(int(kilobytes) for kilobytes in re.findall(rf"{what}:\s+(\d+)", status))
    return total


def _family(pid: int) -> Iterator[int]:
    yield pid
    with contextlib.suppress(FileNotFoundError):
        for children in (PROC / str(pid) / "task").glob("*/children"):
            for child in children.read_text().split():
                yield from _family(int(child))
