"""Where the benchmarks keep what they make: always outside the repository."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
FLIGHTS = REPOSITORY / "data"


def cache_folder(*parts: str) -> Path:
    """Return a folder below `$XDG_CACHE_HOME/penstock-bench`, made if it is not there."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(home, "penstock-bench", *parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
