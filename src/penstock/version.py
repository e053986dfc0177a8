"""Which Penstock this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("penstock")
except PackageNotFoundError:  # run from the sources, not installed
    VERSION = "0.0.0"
