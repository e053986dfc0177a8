"""Bytes and times, as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

_STEP = 1000


def as_size(count: float) -> str:
    """Write a number of bytes: `185.3 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < _STEP:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= _STEP
    return f"{count:.1f} TB"


def as_moment(seconds: float) -> str:
    """Write a time in UTC, to the second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
